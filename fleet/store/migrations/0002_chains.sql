-- Each batch names the one before it. A device has one line of batches; a further one begins when a PC went back in time (a restored backup) or when two
-- PCs share an identity (a copied disk): the latter is proved once a line goes on that another has already replaced. docs/security.md.
-- state: 0 replaced, 1 current, 2 of a copy that was found out.
CREATE TABLE chains(device INTEGER NOT NULL REFERENCES devices(number), line INTEGER NOT NULL, head TEXT NOT NULL, born INTEGER NOT NULL, moved INTEGER NOT NULL,
  state INTEGER NOT NULL, PRIMARY KEY(device, line)) WITHOUT ROWID;
-- Which devices are copies of a disk.
CREATE INDEX devices_by_clone_of ON devices(clone_of) WHERE clone_of <> '';
