-- The journal of one box. Rows are only ever appended; they leave by HQ's receipt, or to quarantine.
CREATE TABLE IF NOT EXISTS row (
    sequence      INTEGER PRIMARY KEY, -- rises by one with every row, across epochs; the first is 1
    epoch_counter INTEGER NOT NULL,    -- the epoch's number on this box
    epoch_nonce   BLOB    NOT NULL,    -- and the 8 bytes drawn at its opening
    boot          BLOB    NOT NULL,    -- 8 bytes drawn at the start of the process that wrote it
    kind          INTEGER NOT NULL,    -- 0 opening, 1 entry, 2 checkpoint
    body          BLOB    NOT NULL,    -- signed opening, sealed entry, signed checkpoint
    chain         BLOB    NOT NULL,    -- SHA-256 over the previous chain hash and this row
    mac           BLOB    NOT NULL     -- HMAC-SHA-256 over `chain`, key hashed forward after every row
) STRICT;

-- Receipts that fitted, so that rows leave some days after theirs.
CREATE TABLE IF NOT EXISTS receipt (
    sequence INTEGER PRIMARY KEY,      -- last row covered
    at       INTEGER NOT NULL          -- Unix seconds when it came
) STRICT;

-- What the start found damaged: kept as it was, for HQ.
CREATE TABLE IF NOT EXISTS quarantine (
    found    INTEGER NOT NULL,         -- epoch counter of the epoch that was opened instead
    sequence INTEGER NOT NULL,
    body     BLOB    NOT NULL,         -- the row as it stood, as CBOR
    PRIMARY KEY (found, sequence)
) STRICT;
