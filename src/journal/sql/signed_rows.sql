-- Openings and checkpoints, highest first: there is one among every 65 rows, so this stops soon.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row WHERE kind <> 1 ORDER BY sequence DESC;
