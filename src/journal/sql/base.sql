-- What the first row there follows.
SELECT sequence, epoch_counter, epoch_nonce, chain FROM base;
