-- Seals of the audit log, which show whether its entries were changed (docs/audit.md). Instants are Unix milliseconds.

CREATE TABLE audit_seals (
  -- Without gaps.
  seq INTEGER PRIMARY KEY,
  sealed_at INTEGER NOT NULL,
  -- The last entry that it covers, in the order of the log; it begins after the last one of the seal before.
  to_at TEXT NOT NULL,
  to_id TEXT NOT NULL,
  -- The latest instant of its entries.
  last_at INTEGER NOT NULL,
  -- base64: key and digest of each entry, in order.
  members TEXT NOT NULL,
  -- JSON: entries that were committed late, with a place that seals before cover.
  late TEXT NOT NULL,
  -- HMAC of all this and of the seal before.
  mac TEXT NOT NULL
) STRICT;
