-- A damaged row is replaced by a sound one of the same name, never the other way round.
INSERT INTO row (box, sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac, received, fault)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);
