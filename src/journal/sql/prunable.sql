-- The highest row that may leave now: its receipt is here since ?1 or longer, or at all when that is NULL; and at most
-- ?2 rows leave at once, so that a crossing never waits for weeks of rows to be deleted. A receipt that is damaged here names
-- no row, and lets none go.
SELECT sequence, epoch_counter, epoch_nonce, chain FROM (
    SELECT sequence, epoch_counter, epoch_nonce, chain FROM row
    WHERE sequence <= (
        SELECT max(receipt.sequence) FROM receipt JOIN row AS own USING (sequence, chain) WHERE ?1 IS NULL OR at <= ?1
    )
    ORDER BY sequence LIMIT ?2
) ORDER BY sequence DESC LIMIT 1;
