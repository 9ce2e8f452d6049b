-- What administrators look up: why requests were refused, how often things happen, and messages by their state. Instants
-- are Unix milliseconds.

CREATE TABLE refusals (
  -- The latest are kept.
  seq INTEGER PRIMARY KEY,
  -- Chosen by the client or the server; several requests may have the same.
  request_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  method TEXT NOT NULL,
  -- Pattern of the path, such as `/auth/v1/admin/users/:id`.
  route TEXT NOT NULL,
  status INTEGER NOT NULL,
  reason TEXT NOT NULL,
  -- The setting or rule whose limit was exceeded.
  exceeded TEXT,
  -- The account that the request was about, as far as it is known; it may be deleted since.
  user_id TEXT,
  -- Empty unless addresses are kept.
  ip_address TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX refusals_request ON refusals (request_id, seq);
CREATE INDEX refusals_reason ON refusals (reason, seq);
CREATE INDEX refusals_user ON refusals (user_id, seq) WHERE user_id IS NOT NULL;
CREATE INDEX refusals_address ON refusals (ip_address, seq) WHERE ip_address <> '';

-- How often something happened in an hour, and in a day.
CREATE TABLE event_counts (
  -- `hour` or `day`, in UTC.
  step TEXT NOT NULL,
  -- When it began.
  at INTEGER NOT NULL,
  -- For example `sign_in`, and `password:success`.
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (step, at, kind, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_state ON messages (state, seq);

-- The audit log of one account: what it did, and what was done to it.
CREATE INDEX audit_log_actor ON audit_log_entries (json_extract(payload, '$.actor_id'), seq);
CREATE INDEX audit_log_subject ON audit_log_entries (json_extract(payload, '$.traits.user_id'), seq)
  WHERE json_extract(payload, '$.traits.user_id') IS NOT NULL;
