-- The store's own numbers.
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- The order: which entry has which place, with which extra data, and where its copy was put.
CREATE TABLE orders(idx INTEGER PRIMARY KEY, name BLOB NOT NULL, extra BLOB NOT NULL, loc INTEGER NOT NULL);
-- Both indexes: slot = first 8 bytes of the hash, the next free one if that is taken.
CREATE TABLE name_index(slot INTEGER PRIMARY KEY, idx INTEGER NOT NULL);
CREATE TABLE identity_index(slot INTEGER PRIMARY KEY, idx INTEGER NOT NULL);
-- Certificates of issuers.
CREATE TABLE issuers(fingerprint BLOB PRIMARY KEY, der BLOB NOT NULL) WITHOUT ROWID;
-- SCTs that came after their entries.
CREATE TABLE late_scts(idx INTEGER PRIMARY KEY, sct BLOB NOT NULL);
-- The node's state, as JSON.
CREATE TABLE state(key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
