-- The last opening before a row; an epoch has some 1,100 rows at most, so this stops soon.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row WHERE sequence < ?1 AND kind = 0 ORDER BY sequence DESC LIMIT 1;
