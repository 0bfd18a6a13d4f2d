-- Times are Unix milliseconds. Words of closed lists are stored as the numbers of their enum (store.hpp).
CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE users(name TEXT PRIMARY KEY, role INTEGER NOT NULL, password TEXT NOT NULL, created INTEGER NOT NULL, last_login INTEGER) WITHOUT ROWID;
CREATE TABLE sessions(id_hash TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, created INTEGER NOT NULL,
  last_used INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions(user);
CREATE TABLE tokens(id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, created_by TEXT NOT NULL, expires INTEGER NOT NULL,
  uses INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE audit(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, user TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL);

CREATE TABLE devices(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, vendor TEXT NOT NULL DEFAULT '', model TEXT NOT NULL DEFAULT '',
  os TEXT NOT NULL DEFAULT '', agent TEXT NOT NULL DEFAULT '', chassis TEXT NOT NULL DEFAULT '', search TEXT NOT NULL DEFAULT '',
  status INTEGER NOT NULL DEFAULT 0, health INTEGER NOT NULL DEFAULT 0, enrolled INTEGER NOT NULL, last_seen INTEGER NOT NULL DEFAULT 0,
  telemetry_to INTEGER, hardware TEXT NOT NULL DEFAULT '', clone_of TEXT NOT NULL DEFAULT '',
  active_info INTEGER NOT NULL DEFAULT 0, active_warning INTEGER NOT NULL DEFAULT 0, active_critical INTEGER NOT NULL DEFAULT 0);
-- One index a sort order of the device list; ties are broken by number. Each holds what the list filters by, so that a page of 100,000 devices is found
-- without touching the rows. last_seen changes with every upload: only two of them hold it.
CREATE INDEX devices_by_health ON devices(health, last_seen, status);
CREATE INDEX devices_by_last_seen ON devices(last_seen, health, status);
CREATE INDEX devices_by_name ON devices(name COLLATE NOCASE, health, status);
CREATE INDEX devices_by_model ON devices(model COLLATE NOCASE, health, status);
CREATE INDEX devices_by_os ON devices(os COLLATE NOCASE, health, status);
CREATE INDEX devices_by_agent ON devices(agent COLLATE NOCASE, health, status);
CREATE INDEX devices_by_enrolled ON devices(enrolled, health, status);
CREATE INDEX devices_by_status ON devices(status, health);
-- Parts of words, from three characters on; rowid = devices.number, text = devices.search.
CREATE VIRTUAL TABLE devices_search USING fts5(text, tokenize='trigram', detail='none', columnsize=0);

CREATE TABLE certificates(serial TEXT PRIMARY KEY, device INTEGER NOT NULL REFERENCES devices(number), not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,
  revoked INTEGER, reason TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX certificates_by_device ON certificates(device);

-- The last inventory and status of a device; bodies are zstd.
CREATE TABLE documents(device INTEGER NOT NULL REFERENCES devices(number), kind INTEGER NOT NULL, time INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(device, kind));

-- Every transition as it came (body zstd); (device, item) makes a repeated item harmless for ever.
CREATE TABLE transitions(id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES devices(number), item TEXT NOT NULL, fingerprint TEXT NOT NULL, rule TEXT NOT NULL,
  cause TEXT NOT NULL, component TEXT NOT NULL, severity INTEGER NOT NULL, state INTEGER NOT NULL, time INTEGER NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX transitions_by_item ON transitions(device, item);
CREATE INDEX transitions_by_device ON transitions(device, time, id);
CREATE INDEX transitions_by_time ON transitions(time, id);

-- The newest transition of each fingerprint.
CREATE TABLE findings(device INTEGER NOT NULL REFERENCES devices(number), fingerprint TEXT NOT NULL, transition_id INTEGER NOT NULL, rule TEXT NOT NULL,
  cause TEXT NOT NULL, severity INTEGER NOT NULL, state INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY(device, fingerprint)) WITHOUT ROWID;
CREATE INDEX findings_by_time ON findings(time, transition_id);
CREATE INDEX findings_by_state ON findings(state, severity, time);
CREATE INDEX findings_by_cause ON findings(state, cause);

CREATE TABLE activity(id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES devices(number), item TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE UNIQUE INDEX activity_by_item ON activity(device, item);
CREATE INDEX activity_by_device ON activity(device, time, id);
CREATE INDEX activity_by_time ON activity(time);

-- Which telemetry a device has; the points themselves lie in the daily files.
CREATE TABLE series(device INTEGER NOT NULL REFERENCES devices(number), metric TEXT NOT NULL, component TEXT NOT NULL, key TEXT NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, PRIMARY KEY(device, metric, component, key)) WITHOUT ROWID;
