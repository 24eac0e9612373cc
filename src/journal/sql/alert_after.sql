-- The first alert above a sequence, if its row is still there.
SELECT row.sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM alert JOIN row USING (sequence) WHERE alert.sequence > ?1 ORDER BY alert.sequence LIMIT 1;
