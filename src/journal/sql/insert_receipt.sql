-- A receipt that fits. The same again changes nothing: the date of the first one counts.
INSERT OR IGNORE INTO receipt (sequence, epoch_counter, epoch_nonce, chain, at) VALUES (?1, ?2, ?3, ?4, ?5);
