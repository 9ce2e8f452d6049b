-- Seals of the audit log, which show whether its entries were changed (docs/audit.md). Instants are Unix milliseconds.

CREATE TABLE latchkey.audit_seals (
  -- Without gaps.
  seq bigint PRIMARY KEY,
  sealed_at bigint NOT NULL,
  -- The last entry that it covers, in the order of the log; it begins after the last one of the seal before.
  to_at text NOT NULL,
  to_id text NOT NULL,
  -- The latest instant of its entries.
  last_at bigint NOT NULL,
  -- base64: key and digest of each entry, in order.
  members text NOT NULL,
  -- JSON: entries that were committed late, with a place that seals before cover.
  late text NOT NULL,
  -- HMAC of all this and of the seal before.
  mac text NOT NULL
);
