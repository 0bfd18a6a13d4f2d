-- What the agent remembers. Findings and what was said about them are kept for ever; blocks of readings are bounded by size and age.

-- Judge state, bookmarks of logs, language of the last session: one value a name.
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- Names of the columns inside blocks. Ids are never reused.
CREATE TABLE series (id INTEGER PRIMARY KEY, metric TEXT NOT NULL, component TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (metric, component, key));

-- Compressed columns (agent/store/block.hpp). tier 0 = readings in detail, 1 = 5-minute, 2 = hourly, 3 = daily aggregates. Times are Unix ms.
CREATE TABLE block (id INTEGER PRIMARY KEY, tier INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX block_by_tier ON block (tier, start);

-- The latest transition of each finding, and all of them.
CREATE TABLE finding (fingerprint TEXT PRIMARY KEY, rule TEXT NOT NULL, state TEXT NOT NULL, severity TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE transition (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX transition_by_time ON transition (time);

-- Messages to the person: waiting (nobody there yet), shown, answered, withdrawn.
CREATE TABLE message (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, state TEXT NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX message_by_state ON message (state);
CREATE TABLE answer (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, rule TEXT NOT NULL, answer TEXT NOT NULL, time INTEGER NOT NULL);
CREATE TABLE outcome (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, body TEXT NOT NULL);

CREATE TABLE component (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;

-- What the plausibility gate refused, a day (Unix days).
CREATE TABLE rejected (day INTEGER NOT NULL, series TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, series, reason)) WITHOUT ROWID;
