-- What others have said, by source: the last import of each, so that the next one can be compared with it.
CREATE TABLE IF NOT EXISTS foreign_source (
    name     TEXT    PRIMARY KEY,    -- eu, de, vci: as the operator calls it
    kind     TEXT    NOT NULL CHECK (kind IN ('keys', 'ids', 'rules')),
    as_of    INTEGER NOT NULL,       -- Unix seconds: of when its list is; tells the age of that part
    imported INTEGER NOT NULL,       -- Unix seconds
    checked  TEXT    NOT NULL        -- whose signatures held
) STRICT;

-- Keys of others and what each is believed for. Two sources may say the same.
CREATE TABLE IF NOT EXISTS foreign_key (
    source     TEXT    NOT NULL REFERENCES foreign_source (name),
    issuer     TEXT    NOT NULL,     -- as its passes name it: a country, an address
    kid        BLOB    NOT NULL,     -- as its passes carry it
    key        BLOB    NOT NULL,
    kinds      TEXT    NOT NULL,     -- numbers with spaces between
    valid_from INTEGER NOT NULL,     -- Unix seconds
    valid_to   INTEGER NOT NULL,     -- Unix seconds
    PRIMARY KEY (source, issuer, kid, key)
) STRICT, WITHOUT ROWID;

-- Signers that an authority has taken back, where its key is in a release and they are not.
CREATE TABLE IF NOT EXISTS foreign_signer_revoked (
    source TEXT NOT NULL REFERENCES foreign_source (name),
    issuer TEXT NOT NULL,            -- as in foreign_key
    kid    BLOB NOT NULL,            -- of the authority
    serial BLOB NOT NULL,
    PRIMARY KEY (source, issuer, kid, serial)
) STRICT, WITHOUT ROWID;

-- Revoked ids of others: hashes, which name nobody.
CREATE TABLE IF NOT EXISTS foreign_id (
    issuer  TEXT    NOT NULL,        -- of the stream: EU-uci/AT
    key     BLOB    NOT NULL CHECK (length(key) = 16),
    source  TEXT    NOT NULL REFERENCES foreign_source (name),
    expires INTEGER NOT NULL,        -- Unix seconds: the certificate itself has ended then
    PRIMARY KEY (issuer, key, source)
) STRICT, WITHOUT ROWID;

-- Rules of others.
CREATE TABLE IF NOT EXISTS foreign_rule (
    source     TEXT NOT NULL REFERENCES foreign_source (name),
    country    TEXT NOT NULL,
    identifier TEXT NOT NULL,
    version    TEXT NOT NULL,
    rule       BLOB NOT NULL,        -- CBOR, as a base holds it
    PRIMARY KEY (source, identifier, version)
) STRICT, WITHOUT ROWID;
