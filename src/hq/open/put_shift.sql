INSERT OR REPLACE INTO shift (name, sequence, at, clock, lane, pseudonym, act, tries)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);
