-- One file a day of arrival, dropped whole. `device` is devices.number of fleet.db; bodies are zstd.
CREATE TABLE telemetry(id INTEGER PRIMARY KEY, device INTEGER NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL, item TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX telemetry_by_start ON telemetry(device, start, item);
CREATE TABLE batches(device INTEGER NOT NULL, batch TEXT NOT NULL, answer BLOB NOT NULL, PRIMARY KEY(device, batch)) WITHOUT ROWID;
