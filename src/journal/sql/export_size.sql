-- How many rows stand above a sequence up to another, and the bytes of their bodies.
SELECT count(*), coalesce(sum(length(body)), 0) FROM row WHERE sequence > ?1 AND sequence <= ?2;
