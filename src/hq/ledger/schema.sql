-- The ledger of a region: every row of every box as it came, sealed. Nothing is ever changed or removed here.
CREATE TABLE IF NOT EXISTS ledger (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    id     BLOB    NOT NULL,        -- 8 bytes drawn when it was made; stands in every receipt
    region TEXT    NOT NULL         -- rows of other regions are refused
) STRICT;

-- How each box stands.
CREATE TABLE IF NOT EXISTS standing (
    box           INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    key           BLOB    NOT NULL, -- its Ed25519 public key at the first batch; another one is refused
    epoch_counter INTEGER NOT NULL, -- the head: the last row of its one sound chain
    epoch_nonce   BLOB    NOT NULL,
    sequence      INTEGER NOT NULL,
    chain         BLOB    NOT NULL,
    rows          INTEGER NOT NULL, -- rows taken, damaged ones included
    first_at      INTEGER NOT NULL, -- Unix seconds at HQ of the first batch
    last_at       INTEGER NOT NULL  -- and of the last
) STRICT;

-- The rows of the one sound chain.
CREATE TABLE IF NOT EXISTS row (
    box           INTEGER NOT NULL REFERENCES standing,
    sequence      INTEGER NOT NULL,
    epoch_counter INTEGER NOT NULL,
    epoch_nonce   BLOB    NOT NULL,
    boot          BLOB    NOT NULL,
    kind          INTEGER NOT NULL, -- 0 opening, 1 entry, 2 checkpoint
    body          BLOB    NOT NULL,
    chain         BLOB    NOT NULL,
    mac           BLOB    NOT NULL,
    received      INTEGER NOT NULL, -- Unix seconds at HQ
    fault         TEXT,             -- what is wrong with a row that was damaged on its box; the chain goes on behind it
    PRIMARY KEY (box, sequence, epoch_counter, epoch_nonce)
) STRICT, WITHOUT ROWID;

-- Rows that are not of that chain, kept as evidence.
CREATE TABLE IF NOT EXISTS aside (
    box           INTEGER NOT NULL REFERENCES standing,
    sequence      INTEGER NOT NULL,
    digest        BLOB    NOT NULL, -- SHA-256 of `row`
    reason        TEXT    NOT NULL, -- fork: it goes on from a row that has another successor here; late: it stood in
                                    -- a hole; broken: it follows nothing that is known here; unreadable:
                                    -- no row of this version
    epoch_counter INTEGER NOT NULL,
    epoch_nonce   BLOB    NOT NULL,
    chain         BLOB    NOT NULL,
    row           BLOB    NOT NULL, -- as it came, CBOR
    received      INTEGER NOT NULL,
    PRIMARY KEY (box, sequence, digest)
) STRICT, WITHOUT ROWID;

-- Sequences that a box has left out, by its own signed word: they were damaged there.
CREATE TABLE IF NOT EXISTS hole (
    box       INTEGER NOT NULL REFERENCES standing,
    after     INTEGER NOT NULL,     -- the last good row, by the box
    before    INTEGER NOT NULL,     -- the opening that says so
    received  INTEGER NOT NULL,
    PRIMARY KEY (box, before)
) STRICT, WITHOUT ROWID;

-- Places where one box has gone on in two ways: a cloned card, or a restored image. No receipt while one is open.
CREATE TABLE IF NOT EXISTS conflict (
    box      INTEGER NOT NULL REFERENCES standing,
    sequence INTEGER NOT NULL,      -- the first row that exists twice
    found    INTEGER NOT NULL,      -- Unix seconds at HQ
    resolved INTEGER,               -- Unix seconds when an operator decided; NULL: open
    PRIMARY KEY (box, sequence)
) STRICT, WITHOUT ROWID;
