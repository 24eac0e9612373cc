-- Receipts that came while the clock was not sound are dated now, and so are those from a time that is still
-- to come: a clock that was set back must not keep rows for ever.
UPDATE receipt SET at = ?1 WHERE at IS NULL OR at > ?1;
