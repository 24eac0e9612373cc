-- What the boxes wrote, opened. Made from the ledger and the sealing keys, and can be made again from them.
CREATE TABLE IF NOT EXISTS progress (
    name     TEXT PRIMARY KEY,        -- the box
    sequence INTEGER NOT NULL         -- the last row of the ledger that was looked at
) STRICT;

-- Vehicles judged. A vehicle that was judged again, with a plate, keeps its line: the last verdict counts.
CREATE TABLE IF NOT EXISTS crossing (
    name        TEXT    NOT NULL,     -- the box
    id          BLOB    NOT NULL,     -- 8 bytes drawn at the first sighting
    sequence    INTEGER NOT NULL,     -- the row of the last verdict
    judged      INTEGER NOT NULL,     -- how many verdicts there were
    at          INTEGER NOT NULL,     -- of the last verdict, milliseconds since 1970 by the box
    clock       TEXT    NOT NULL,     -- how far that may be believed: ntp, rtc, signed, carried-over, none
    lane        INTEGER NOT NULL,
    format      TEXT,
    issuer      TEXT,
    pass_id     BLOB,
    kind        INTEGER,
    plate_seen  TEXT,                 -- folded
    plate_bound TEXT,                 -- folded; `?` for places not bound
    outcome     INTEGER NOT NULL,     -- 0 admit, 1 check, 2 refuse
    release     INTEGER NOT NULL,     -- the trust release in force
    release_age INTEGER NOT NULL,     -- seconds
    read_us     INTEGER NOT NULL,
    judge_us    INTEGER NOT NULL,
    plate_source TEXT,                -- officer, feed, trusted-feed
    shift       TEXT,                 -- pseudonym
    use_window  INTEGER,              -- Unix seconds at which the window of a reserved use begins
    how         TEXT,                 -- camera, typed, scanner, no-pass
    PRIMARY KEY (name, id)
) STRICT;
CREATE INDEX IF NOT EXISTS crossing_at ON crossing (at);

-- Why: stable numbers, weightiest first.
CREATE TABLE IF NOT EXISTS reason (
    name   TEXT    NOT NULL,
    id     BLOB    NOT NULL,
    place  INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    PRIMARY KEY (name, id, place)
) STRICT, WITHOUT ROWID;

-- How crossings ended. The crossing itself may be missing, when its row was damaged.
CREATE TABLE IF NOT EXISTS closing (
    name   TEXT    NOT NULL,
    id     BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    clock  TEXT    NOT NULL,
    action INTEGER NOT NULL,          -- 0 passed, 1 turned back, 2 next pass, 3 absence, 4 overridden, 5 exempted
    why    TEXT,                      -- code of the exemption, or of the reason for overriding
    shift  TEXT,                      -- pseudonym
    PRIMARY KEY (name, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS crossing_pass ON crossing (issuer, pass_id, at) WHERE pass_id IS NOT NULL;

-- Uses of passes with limits, as crossings wrote them. Who was turned back stands in `closing`.
CREATE TABLE IF NOT EXISTS use (
    number   INTEGER PRIMARY KEY,     -- in the order in which they came
    name     TEXT    NOT NULL,        -- the box
    id       BLOB    NOT NULL,        -- the crossing
    sequence INTEGER NOT NULL,        -- its row
    issuer   TEXT    NOT NULL,
    pass_id  BLOB    NOT NULL,
    window   INTEGER NOT NULL,        -- Unix seconds at which the box's day begins
    until    INTEGER NOT NULL,        -- Unix seconds until which it counts
    at       INTEGER NOT NULL,        -- Unix seconds by the box
    minute   INTEGER,                 -- the same, rounded, where the limit counts minutes
    trips    INTEGER,                 -- how often it may be used until then
    per_day  INTEGER,                 -- how often a day
    UNIQUE (name, id)
) STRICT;
CREATE INDEX IF NOT EXISTS use_pass ON use (issuer, pass_id, at);
CREATE INDEX IF NOT EXISTS use_until ON use (until);

-- The keys under which boxes are told of a day's uses; erased with the day.
CREATE TABLE IF NOT EXISTS use_key (
    window INTEGER PRIMARY KEY,
    key    BLOB NOT NULL
) STRICT;

-- Who came without a pass and was registered.
CREATE TABLE IF NOT EXISTS arrival (
    name       TEXT    NOT NULL,      -- the box
    sequence   INTEGER NOT NULL,
    id         BLOB    NOT NULL,      -- the crossing
    at         INTEGER NOT NULL,      -- milliseconds since 1970 by the box
    clock      TEXT    NOT NULL,
    plate      TEXT,                  -- folded
    purpose    TEXT    NOT NULL,      -- code from policy
    settlement TEXT    NOT NULL,
    house      TEXT    NOT NULL,
    days       INTEGER NOT NULL,      -- 0 for a trip
    shift      TEXT,                  -- pseudonym
    minutes    INTEGER,               -- that a trip may take
    PRIMARY KEY (name, sequence)
) STRICT, WITHOUT ROWID;

-- Shifts of officers, by the pseudonym on the service card.
CREATE TABLE IF NOT EXISTS shift (
    name      TEXT    NOT NULL,       -- the box
    sequence  INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    clock     TEXT    NOT NULL,
    lane      INTEGER NOT NULL,
    pseudonym TEXT    NOT NULL,
    act       TEXT    NOT NULL,       -- signed-in, signed-out, wrong-pin, ended
    tries     INTEGER,                -- wrong PINs in a row
    PRIMARY KEY (name, sequence)
) STRICT, WITHOUT ROWID;

-- What boxes said about themselves.
CREATE TABLE IF NOT EXISTS note (
    name     TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    clock    TEXT    NOT NULL,
    code     TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    PRIMARY KEY (name, sequence)
) STRICT;

-- Rows that could not be opened, or whose MAC does not hold. Never skipped in silence.
CREATE TABLE IF NOT EXISTS damage (
    name     TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    problem  TEXT    NOT NULL,        -- stable code
    found    INTEGER NOT NULL,        -- Unix seconds at HQ
    PRIMARY KEY (name, sequence, problem)
) STRICT;

-- Crossings that a box has shown before their turn, until their rows are here.
CREATE TABLE IF NOT EXISTS early (
    name     TEXT    NOT NULL,        -- the box
    sequence INTEGER NOT NULL,        -- its row
    received INTEGER NOT NULL,        -- Unix seconds at HQ
    crossing BLOB    NOT NULL,        -- wire::entry::Crossing, CBOR
    PRIMARY KEY (name, sequence)
) STRICT, WITHOUT ROWID;
