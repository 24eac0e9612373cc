-- Rows of a box above a sequence, lowest first.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac, fault
FROM row WHERE box = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3;
