-- Rows that were set aside, as the damage left them.
SELECT found, sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM quarantine WHERE sequence IS NOT NULL ORDER BY found, sequence;
