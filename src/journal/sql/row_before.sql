-- The last row before a row.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row WHERE sequence < ?1 ORDER BY sequence DESC LIMIT 1;
