-- The settled head.
SELECT sequence, epoch_counter, epoch_nonce, chain FROM receipt ORDER BY sequence DESC LIMIT 1;
