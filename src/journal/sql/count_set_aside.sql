-- Rows that were set aside; a line without a sequence only says where a salvaged journal went on.
SELECT count(*) FROM quarantine WHERE sequence IS NOT NULL;
