-- The last checkpoint at or below a sequence; kind 2 is one. There is one among every 65 rows, so this stops soon.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row
WHERE kind = 2 AND sequence <= ?1
ORDER BY sequence DESC
LIMIT 1
