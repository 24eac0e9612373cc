-- The two oldest series of an issuer (?1) and class (?2) that are less than three quarters full: above that,
-- drawing a free place at random would take many tries, and the last places could be guessed.
SELECT number, size FROM series
WHERE issuer = ?1 AND class = ?2 AND issued * 4 < size * 3
ORDER BY number LIMIT 2;
