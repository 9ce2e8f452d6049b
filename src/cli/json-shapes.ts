/**
 * What each command prints with `--json`, for the documentation. Programs read this output: fields are added, and never
 * renamed or removed.
 */

/** Objects that several commands print. */
export const JSON_OBJECTS: Record<string, string> = {
  user: 'as in `GET /auth/v1/admin/users`, with `uid` and `username`; where one user is shown, also `roles`',
  session:
    'as in `GET /auth/v1/admin/users/{id}/sessions` ([admin API](admin-api.md#users)), with `user_id` and `email`',
  done: '`id`, `email` and `phone` of the user, with the named fields',
}

/** By command. A word without quotes is one of the objects above. */
export const JSON_SHAPES: Record<string, string> = {
  init: '`{"file", "settings": [name]}`',
  check: '`{"valid", "problems": [{"severity", "message"}], "supabase": {…}}`',
  healthcheck: 'the answer of `GET /ready`',
  status:
    '`{"running", "version", "url", "api_url", "mailbox_url", "dashboard_url", "database", "publishable_key", "secret_key", "anon_key", "service_role_key"}`; `version` is null if no server runs, `mailbox_url` and `dashboard_url` if they are off',
  doctor: '`{"ok", "findings": [{"check", "state": "ok"|"warn"|"fail", "message", "advice"}]}`',
  'redirect test': '`{"url", "allowed", "reason", "add"}`; `add` is the line that allows it, or null',
  version: '`{"version", "commit", "bun", "sqlite"}`',
  update:
    '`{"version", "previous"}`; `previous` is the path of the old executable, null if the version was installed already',
  'user list':
    '`{"users": [user], "total"}`; `total` is null if there may be more than a filter besides `--filter` has found',
  'user show': '`user`',
  'user create': '`user`',
  'user set-password': '`done` with `password_changed`',
  'user confirm': '`done` with `confirmed`',
  'user ban': '`done` with `banned_until`',
  'user unban': '`done` with `banned_until`, which is null',
  'user sign-out': '`done` with `ended`, the number of sessions',
  'user delete': '`done` with `deleted` and `soft`',
  'session list': '`[session]`',
  'session revoke': '`{"ended"}`, the number of sessions',
  'role list': '`{"id", "roles": [name]}`',
  'role grant': '`{"id", "roles": [name]}`, afterwards',
  'role revoke': '`{"id", "roles": [name]}`, afterwards',
  'audit list': '`{"entries": [{"id", "payload", "created_at", "ip_address"}], "total"}`',
  'audit verify':
    '`{"intact", "fault": {"kind", "seal", "entry", "at"}|null, "sealed", "late", "seals", "unsealed", "since", "head"}` ([audit log](audit.md#verifying-it)); `head` is the newest seal, null if there is none',
  'limits list':
    '`[{"key", "rule", "setting", "subject", "subject_kind", "until"}]` ([admin API](admin-api.md#rate-limits))',
  'limits reset': '`{"reset": [{"rule", "subject"}]}`',
  why: 'the answer of `GET /auth/v1/admin/refusals/{request_id}` ([admin API](admin-api.md#refusals))',
  seed: '`{"created", "present", "failed", "users": [{"outcome", "id", "address", "error"}]}`; with `--dry-run` `{"valid", "users"}`, the number of users',
  'hook test':
    '`{"hook", "uri", "sent", "received", "duration_ms", "outcome": "agreed"|"refused"|"failed", "error": {"status", "code", "message"}|null, "claims"}`; `claims` only with custom_access_token',
  'events list':
    '`[{"id", "type", "destination", "user_id", "state", "attempts", "error", "created_at", "delivered_at", "next_attempt_at"}]`',
  'events replay': '`{"queued"}`, the number of events',
  keys: '`{"url", "publishable_key", "secret_key", "anon_key", "service_role_key"}`',
  'keys list':
    '`[{"kid", "alg", "status", "created_at", "signs_from", "verifies_until"}]`, with times in Unix milliseconds',
  'keys rotate': '`{"kid", "alg", "signs_from"}`, in Unix milliseconds',
  'keys import': '`{"kids": [kid]}`',
  'keys revoke': '`{"kid", "was_signing"}`',
  'mail test': '`{"server", "from", "to"}`',
  'mail list':
    '`[{"id", "channel", "template", "recipient", "state", "attempts", "error", "created_at", "next_attempt_at"}]`',
  'mail templates': '`{"folder", "files": [name]}`',
  migrate:
    '`{"applied": [name]}`; with `--status` `{"exists", "migrations": [{"name", "state": "applied"|"pending"|"unknown"}]}`',
  backup: '`{"path", "bytes", "sha256", "encrypted", "settings_needed": [name]}`',
  'backup verify':
    '`{"path", "created", "engine", "latchkey", "user_id", "opened_secrets"}`; `user_id` is the account that was signed in to, null if there is none',
  'backup now': '`{"destination", "name", "bytes", "removed": [name], "user_id"}`',
  'backup list': '`[{"name", "bytes", "created"}]`',
  restore: '`{"database", "created", "migrations": [name], "settings_needed": [name]}`',
  move: '`{"dry_run", "rows": {table: count}}`',
}
