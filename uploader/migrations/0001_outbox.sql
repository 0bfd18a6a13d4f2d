-- What waits to be uploaded. Small rows change their state; sealed bodies lie apart, so that a change of state never rewrites them.
-- state: 0 waiting, 1 sent, 2 set aside. kind: ItemKind, lower is sent first. plain_bytes: the body's size on the wire before compression.
CREATE TABLE outbox_items (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  plain_bytes INTEGER NOT NULL,
  sealed_bytes INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  batch TEXT,
  not_before_ms INTEGER NOT NULL DEFAULT 0,
  settled_ms INTEGER,
  reason TEXT
) STRICT;
CREATE INDEX outbox_waiting ON outbox_items (kind, seq) WHERE state = 0;
CREATE INDEX outbox_settled ON outbox_items (state, settled_ms, seq) WHERE state <> 0;

CREATE TABLE outbox_bodies (
  seq INTEGER PRIMARY KEY REFERENCES outbox_items (seq) ON DELETE CASCADE,
  body BLOB NOT NULL
) STRICT;

-- At most one row: the batch that was sent and not yet answered. A retry sends it again, the same id with the same items.
CREATE TABLE outbox_batches (
  id TEXT PRIMARY KEY,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Totals over the life of this installation: sent, set_aside, dropped_telemetry.
CREATE TABLE outbox_totals (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How uploading stands: one row of when to try again and why (uploader/upload_state.hpp).
CREATE TABLE outbox_upload_state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  delay_s INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL,
  server_asked INTEGER NOT NULL,
  revoked INTEGER NOT NULL,
  error TEXT NOT NULL
) STRICT;
