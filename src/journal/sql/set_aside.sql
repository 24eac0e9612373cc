-- A damaged range, as it stands.
INSERT OR REPLACE INTO quarantine
SELECT ?1, sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac
FROM row WHERE sequence BETWEEN ?2 AND ?3;
