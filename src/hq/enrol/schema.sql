-- Boxes as they were announced, enrolled, and stolen. Their signing keys stand in known_box.
CREATE TABLE IF NOT EXISTS enrolment (
    name      TEXT    PRIMARY KEY,
    announced INTEGER NOT NULL,      -- Unix seconds
    enrolled  INTEGER,               -- Unix seconds of the last enrolment; null: not yet
    receive   BLOB,                  -- 32 bytes, X25519: secrets for the box are sealed to it
    life      INTEGER,               -- seconds for which its certificates count
    stolen    INTEGER,               -- Unix seconds from which it is not to be believed; null: it is
    told      INTEGER,               -- Unix seconds when HQ was told
    pepper    INTEGER                -- Unix seconds when the register got another secret because of it; null: not yet
) STRICT;

-- Certificates of the region's authority for whoever speaks to the broker.
CREATE TABLE IF NOT EXISTS certificate (
    serial    BLOB    PRIMARY KEY,
    name      TEXT    NOT NULL,      -- the box, or hq for the collector
    issued    INTEGER NOT NULL,      -- Unix seconds
    not_after INTEGER NOT NULL,      -- Unix seconds
    revoked   INTEGER,               -- Unix seconds; null: it counts
    why       TEXT                   -- for people
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS certificate_of ON certificate (name, issued);

-- Folders with the settings of a broker: where the list of revoked certificates is written anew.
CREATE TABLE IF NOT EXISTS broker_folder (
    path TEXT    PRIMARY KEY,
    host TEXT    NOT NULL,           -- the names in its certificate, with spaces between
    made INTEGER NOT NULL            -- Unix seconds
) STRICT;

-- How often such a list was written: its number rises.
CREATE TABLE IF NOT EXISTS revocation_list (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
) STRICT;
