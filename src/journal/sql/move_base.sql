-- Rows up to here have left, or are about to.
INSERT INTO base (one, sequence, epoch_counter, epoch_nonce, chain) VALUES (1, ?1, ?2, ?3, ?4)
ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence, epoch_counter = excluded.epoch_counter,
    epoch_nonce = excluded.epoch_nonce, chain = excluded.chain;
