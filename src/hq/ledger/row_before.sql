-- The last row below a sequence.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac, fault
FROM row WHERE box = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT 1;
