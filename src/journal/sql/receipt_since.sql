-- Since when a receipt is here; NULL while no clock was sound.
SELECT at FROM receipt WHERE sequence = ?1;
