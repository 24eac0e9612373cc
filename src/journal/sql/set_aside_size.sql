-- How many rows were set aside, and the bytes of their bodies, whatever they are now.
SELECT count(*), coalesce(sum(coalesce(length(body), 0)), 0) FROM quarantine WHERE sequence IS NOT NULL;
