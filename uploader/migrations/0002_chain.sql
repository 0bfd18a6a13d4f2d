-- The batch that the fleet answered last: the next one names it, so that the fleet notices two PCs that share a copied state folder. At most one row.
CREATE TABLE outbox_chain (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  batch TEXT NOT NULL
) STRICT;
