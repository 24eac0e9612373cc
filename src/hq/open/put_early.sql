-- A crossing that came before its turn. The first word of a row counts; the ledger will say the last one.
INSERT OR IGNORE INTO early (name, sequence, received, crossing)
SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM early WHERE name = ?1) < ?5;
