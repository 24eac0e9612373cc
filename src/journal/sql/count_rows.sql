-- Rows, epochs, starts of the box, and the rows above the settled head. The last count looks at the keys alone.
SELECT count(*), count(DISTINCT epoch_counter), count(DISTINCT boot), coalesce(sum(sequence > ?1), 0) FROM row;
