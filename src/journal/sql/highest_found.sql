-- Where the journal has gone on after damage, the last time.
SELECT max(found) FROM quarantine;
