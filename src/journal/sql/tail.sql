-- Everything from the last signed row (opening or checkpoint) on: what a start checks again.
SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row WHERE sequence >= (SELECT coalesce(max(sequence), 0) FROM row WHERE kind <> 1) ORDER BY sequence;
