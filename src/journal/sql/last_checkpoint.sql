-- The newest signed checkpoint; kind 2 is one.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row
WHERE kind = 2
ORDER BY sequence DESC
LIMIT 1
