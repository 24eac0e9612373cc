-- The last row's place.
SELECT sequence, epoch_counter, epoch_nonce, chain FROM row ORDER BY sequence DESC LIMIT 1;
