-- Rows from a sequence on, lowest first.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row WHERE sequence >= ?1 ORDER BY sequence;
