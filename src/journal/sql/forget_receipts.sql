-- Receipts below the base have done their work; the newest stays, it is the settled head.
DELETE FROM receipt
WHERE sequence <= (SELECT sequence FROM base) AND sequence < (SELECT max(sequence) FROM receipt);
