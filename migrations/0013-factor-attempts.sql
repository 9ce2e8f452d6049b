-- Guesses at second factors are counted for the user, and apart for each network from which a factor was passed.
ALTER TABLE known_networks ADD COLUMN passed_factor_at INTEGER;

DROP TABLE mfa_attempts;
CREATE TABLE mfa_attempts (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Empty: every network from which no factor was passed.
  network TEXT NOT NULL,
  -- Wrong ones since the last right one.
  attempts INTEGER NOT NULL,
  -- When the last ten of them began.
  since INTEGER NOT NULL,
  PRIMARY KEY (user_id, network)
) STRICT;

-- The last code of a second factor by SMS: removing the factor and adding it again must not send another at once.
ALTER TABLE users ADD COLUMN factor_sms_sent_at INTEGER;
