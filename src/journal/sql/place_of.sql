-- This journal's own row of a sequence.
SELECT sequence, epoch_counter, epoch_nonce, chain FROM row WHERE sequence = ?1;
