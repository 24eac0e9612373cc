-- Rows above the settled head.
SELECT count(*) FROM row WHERE sequence > ?1;
