-- One row; the caller sees to it that it follows the one before.
INSERT INTO row (sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);
