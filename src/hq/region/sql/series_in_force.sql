-- Lists a release must hold: those whose last pass ends after ?1, and those that may yet take passes (a
-- series without room and without such a pass is over).
SELECT issuer, number, size FROM series
WHERE last_expires >= ?1 OR issued * 4 < size * 3
ORDER BY issuer, number;
