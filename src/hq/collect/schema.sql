-- The boxes of a region as they last spoke: for people to look at, never for the ledger.
CREATE TABLE IF NOT EXISTS box (
    name      TEXT PRIMARY KEY,
    state     BLOB,    -- wire::health::State as it came, CBOR
    state_at  INTEGER, -- Unix seconds at HQ when it came
    health    BLOB,    -- wire::health::Health as it came, CBOR
    health_at INTEGER  -- Unix seconds at HQ when it came
) STRICT;

-- The last answer of each box to the command to report.
CREATE TABLE IF NOT EXISTS report (
    name   TEXT PRIMARY KEY,
    number INTEGER NOT NULL, -- of the command
    at     INTEGER NOT NULL, -- Unix seconds by the box
    came   INTEGER NOT NULL, -- Unix seconds at HQ
    text   TEXT    NOT NULL
) STRICT;
