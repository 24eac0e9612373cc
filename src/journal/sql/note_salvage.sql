-- A salvaged journal goes on with this sequence: a line without a row, so that no later start uses lower ones.
INSERT INTO quarantine (found) VALUES (?1);
