-- Rows leave up to a sequence that a receipt covers; the base has moved there in the same transaction.
DELETE FROM row WHERE sequence <= ?1;
