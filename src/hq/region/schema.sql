-- What a region has issued, to whom it gave its word, and who did it. No names, no birth dates: what an
-- officer compares stands in the pass alone.

-- Who may sign passes here. The key lies in keys/issuer-NAME.key.
CREATE TABLE IF NOT EXISTS issuer (
    name        TEXT    PRIMARY KEY, -- as it stands in the passes
    key         BLOB    NOT NULL,    -- 32 bytes: the public half, so that a release needs no issuer's key
    kinds       TEXT    NOT NULL,    -- numbers of the kinds it may issue, with spaces between
    territories TEXT    NOT NULL,    -- territories it may issue for, with spaces between; empty: all
    valid_from  INTEGER NOT NULL,    -- Unix seconds from which its key counts
    valid_to    INTEGER NOT NULL     -- Unix seconds until which its passes may be believed
) STRICT;

-- Status lists. A list takes passes of about the same length of validity, so that a list of passes of a
-- day is soon over and leaves the release.
CREATE TABLE IF NOT EXISTS series (
    issuer       TEXT    NOT NULL REFERENCES issuer (name),
    number       INTEGER NOT NULL,   -- rises by one within its issuer; the first is 0
    size         INTEGER NOT NULL,   -- places
    class        INTEGER NOT NULL,   -- 0: up to a week, 1: up to 45 days, 2: longer
    issued       INTEGER NOT NULL,   -- places taken
    last_expires INTEGER NOT NULL,   -- Unix seconds when the last of its passes ends
    PRIMARY KEY (issuer, number)
) STRICT, WITHOUT ROWID;

-- Passes as they were issued.
CREATE TABLE IF NOT EXISTS pass (
    cti        BLOB    PRIMARY KEY,  -- the pass's id
    issuer     TEXT    NOT NULL,
    kind       INTEGER NOT NULL,
    plates     TEXT    NOT NULL,     -- folded, with spaces between; empty: binds none
    valid_from INTEGER NOT NULL,     -- Unix seconds
    valid_to   INTEGER NOT NULL,     -- Unix seconds
    issued     INTEGER NOT NULL,     -- Unix seconds
    series     INTEGER NOT NULL,
    place      INTEGER NOT NULL,     -- its index, drawn at random
    UNIQUE (issuer, series, place),
    FOREIGN KEY (issuer, series) REFERENCES series (issuer, number)
) STRICT, WITHOUT ROWID;

-- Places that are no longer valid. Apart from the passes, so that making a list reads only these, and so
-- that a pass can be revoked by its text even when a restored database has forgotten its issue.
CREATE TABLE IF NOT EXISTS status (
    issuer TEXT    NOT NULL,
    series INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    state  INTEGER NOT NULL CHECK (state IN (1, 2)), -- 1 revoked, 2 suspended (Token Status List, 7.1)
    at     INTEGER NOT NULL,                         -- Unix seconds
    PRIMARY KEY (issuer, series, place),
    FOREIGN KEY (issuer, series) REFERENCES series (issuer, number)
) STRICT, WITHOUT ROWID;

-- Foreign signers. The certificate lies in foreign/.
CREATE TABLE IF NOT EXISTS foreign_certificate (
    file   TEXT    PRIMARY KEY,      -- name in foreign/
    issuer TEXT    NOT NULL,         -- for whom it may speak, as its passes name it
    kinds  TEXT    NOT NULL,         -- kinds believed, with spaces between
    added  INTEGER NOT NULL          -- Unix seconds
) STRICT;

-- Boxes and the keys they sign their journals with.
CREATE TABLE IF NOT EXISTS known_box (
    name  TEXT    PRIMARY KEY,
    key   BLOB    NOT NULL,          -- 32 bytes, Ed25519
    added INTEGER NOT NULL           -- Unix seconds
) STRICT;

-- The newest release; kept here so that a lost folder never makes a sequence come twice.
CREATE TABLE IF NOT EXISTS release (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    issued   INTEGER NOT NULL        -- Unix seconds
) STRICT;

-- Changes of large tables (revoked ids, register) that wait for the next release. The tables themselves
-- stand in the release alone.
CREATE TABLE IF NOT EXISTS pending (
    region TEXT    NOT NULL,         -- the region, part, issuer and series of the stream, as its record
    part   INTEGER NOT NULL,         -- names them
    issuer TEXT    NOT NULL,
    series INTEGER NOT NULL,
    key    BLOB    NOT NULL CHECK (length(key) = 16),
    value  BLOB,                     -- null: the key is taken out
    PRIMARY KEY (region, part, issuer, series, key)
) STRICT, WITHOUT ROWID;

-- Orders, as boxes get them.
CREATE TABLE IF NOT EXISTS decree (
    number        INTEGER PRIMARY KEY AUTOINCREMENT, -- rises and never comes twice; the newer counts
    action        INTEGER NOT NULL,  -- 0 extend, 1 stop, 2 suspend
    kinds         TEXT    NOT NULL,  -- numbers of the kinds covered, with spaces between; empty: every one
    issuer        TEXT,              -- whose passes; null: everybody's
    issued_from   INTEGER,           -- Unix seconds: passes issued from then on
    issued_before INTEGER,           -- Unix seconds: passes issued before
    valid_from    INTEGER NOT NULL,  -- Unix seconds from which it counts
    valid_until   INTEGER,           -- Unix seconds until which it counts, or passes are extended
    ru            TEXT    NOT NULL,  -- what it says
    en            TEXT    NOT NULL,
    ended         INTEGER            -- Unix seconds when HQ took it back
) STRICT;

-- Revocations by rule: all that stands here must fit a pass. Never taken back.
CREATE TABLE IF NOT EXISTS revoked_batch (
    id            INTEGER PRIMARY KEY,
    kid           BLOB,
    kind          INTEGER,
    issuer        TEXT,
    issued_before INTEGER,           -- Unix seconds
    at            INTEGER NOT NULL,  -- Unix seconds
    CHECK (kid IS NOT NULL OR kind IS NOT NULL)
) STRICT;

-- Passes without a place in a list that are revoked by their id. Boxes know them by a hash of both.
CREATE TABLE IF NOT EXISTS revoked_id (
    issuer TEXT    NOT NULL,
    cti    BLOB    NOT NULL,
    at     INTEGER NOT NULL,         -- Unix seconds
    PRIMARY KEY (issuer, cti)
) STRICT, WITHOUT ROWID;

-- Commands to boxes. Sent again until the box has answered, or their time is over; never taken back.
CREATE TABLE IF NOT EXISTS command (
    name     TEXT    NOT NULL,       -- the box
    number   INTEGER NOT NULL,       -- rises by one with every command to it; the first is 1
    what     TEXT    NOT NULL,       -- stable name of what is to be done
    signed   BLOB    NOT NULL,       -- as it is sent
    issued   INTEGER NOT NULL,       -- Unix seconds
    expires  INTEGER NOT NULL,       -- Unix seconds after which it counts no more
    by       TEXT    NOT NULL,       -- the operator
    answered INTEGER,                -- Unix seconds when the box's answer was seen; null: none yet
    answer   TEXT,                   -- `done`, or the stable code of why not
    PRIMARY KEY (name, number)
) STRICT, WITHOUT ROWID;

-- Service cards of officers. Who a pseudonym is stands in the force's own lists, and the PIN nowhere.
CREATE TABLE IF NOT EXISTS service_card (
    id         BLOB PRIMARY KEY,     -- 8 bytes drawn for it
    pseudonym  TEXT    NOT NULL,
    valid_from INTEGER NOT NULL,     -- Unix seconds
    valid_to   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who did what, when. Only ever appended.
CREATE TABLE IF NOT EXISTS audit (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,        -- Unix seconds
    who     TEXT    NOT NULL,        -- the operator, as the command was told
    action  TEXT    NOT NULL,        -- found, issue, revoke, suspend, restore, release, trust, box, issuer, order, register, import,
                                     -- announce, enrol, renew, collector, broker, stolen, command, conflict, card
    subject TEXT    NOT NULL         -- what it was done to: an id, a name, a sequence; never a person
) STRICT;
