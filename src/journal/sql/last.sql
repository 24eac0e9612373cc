-- The highest sequence; NULL when no row is here.
SELECT max(sequence) FROM row;
