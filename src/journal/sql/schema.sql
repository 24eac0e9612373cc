-- The journal of one box. Rows are only ever appended; they leave by HQ's receipt, or to quarantine.
CREATE TABLE IF NOT EXISTS row (
    sequence      INTEGER PRIMARY KEY, -- rises with every row, across epochs; the first is 1
    epoch_counter INTEGER NOT NULL,    -- the epoch's number on this box
    epoch_nonce   BLOB    NOT NULL,    -- and the 8 bytes drawn at its opening
    boot          BLOB    NOT NULL,    -- 8 bytes drawn at the start of the process that wrote it
    kind          INTEGER NOT NULL,    -- 0 opening, 1 entry, 2 checkpoint
    body          BLOB    NOT NULL,    -- signed opening, sealed entry, signed checkpoint
    chain         BLOB    NOT NULL,    -- SHA-256 over the previous chain hash and this row
    mac           BLOB    NOT NULL     -- HMAC-SHA-256 over `chain`, key hashed forward after every row
) STRICT;

-- The last row that was pruned: what the first row in `row` follows. At most one line; none when nothing was.
CREATE TABLE IF NOT EXISTS base (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    sequence      INTEGER NOT NULL,
    epoch_counter INTEGER NOT NULL,
    epoch_nonce   BLOB    NOT NULL,
    chain         BLOB    NOT NULL
) STRICT;

-- Receipts that fitted. The newest is the settled head; the older ones say which rows may leave when.
CREATE TABLE IF NOT EXISTS receipt (
    sequence      INTEGER PRIMARY KEY, -- last row covered
    epoch_counter INTEGER NOT NULL,
    epoch_nonce   BLOB    NOT NULL,
    chain         BLOB    NOT NULL,
    at            INTEGER              -- Unix seconds of a sound clock since when it is here; NULL until there is one
) STRICT;

-- What a start found damaged: kept as it was, for HQ. Columns take whatever the damage left in them.
CREATE TABLE IF NOT EXISTS quarantine (
    found,         -- sequence of the opening that the journal goes on with
    sequence,
    epoch_counter,
    epoch_nonce,
    boot,
    kind,
    body,
    chain,
    mac,
    PRIMARY KEY (found, sequence)
);

-- Rows that HQ should see before the backlog is through; written with their row, and gone with it.
CREATE TABLE IF NOT EXISTS alert (
    sequence INTEGER PRIMARY KEY
) STRICT;

-- Uses of passes that have limits, written with the row that tells of them and in its transaction. Under keyed hashes:
-- who has only this file learns how many there were, and who knows a pass whether it was used. They leave, with the
-- key of their day, when nothing counts them any more.
CREATE TABLE IF NOT EXISTS use (
    crossing BLOB    PRIMARY KEY,      -- the 8 bytes that name the crossing
    day      INTEGER NOT NULL,         -- Unix seconds at which the region's day begins
    slot     BLOB    NOT NULL,         -- 16 bytes: HMAC-SHA-256 over the pass, by the key of the day
    at       INTEGER,                  -- Unix seconds of its minute, where the limit counts minutes
    until    INTEGER NOT NULL          -- Unix seconds until which it counts
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS use_key (
    day      INTEGER PRIMARY KEY,
    key      BLOB    NOT NULL          -- 32 bytes, drawn on this box
) STRICT;
