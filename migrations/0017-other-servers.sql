-- What accounts of other servers are called there, and the passwords of Matrix accounts that are being made.

-- As the other server told it at sign-in: its uid of the account (JSON, a number or text), and the name and address.
ALTER TABLE external_sessions ADD COLUMN uid TEXT;
ALTER TABLE external_sessions ADD COLUMN username TEXT NOT NULL DEFAULT '';
ALTER TABLE external_sessions ADD COLUMN email TEXT NOT NULL DEFAULT '';
CREATE INDEX external_sessions_expiry ON external_sessions (expires_at, id);

-- Sealed: the password with which the account is registered. An account that has it is ours, also where the homeserver's
-- answer was lost. It goes with the row once the account is noted.
ALTER TABLE matrix_registrations ADD COLUMN password TEXT;
