-- Rows whose receipt is older than ?1. The last row always stays: the chain goes on from it.
DELETE FROM row
WHERE sequence <= (SELECT coalesce(max(sequence), 0) FROM receipt WHERE at <= ?1)
  AND sequence < (SELECT max(sequence) FROM row);
