UPDATE standing SET epoch_counter = ?2, epoch_nonce = ?3, sequence = ?4, chain = ?5, rows = rows + ?6, last_at = ?7
WHERE box = ?1;
