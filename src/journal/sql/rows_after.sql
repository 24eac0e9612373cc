-- Rows above a sequence, lowest first.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row WHERE sequence > ?1 ORDER BY sequence LIMIT ?2;
