-- What administrators gave an account before its owner confirmed it. It is not a stranger's, so it stays when the owner
-- comes in.

-- 1 where an administrator made the account and nobody has confirmed it yet.
ALTER TABLE users ADD COLUMN is_admin_created INTEGER NOT NULL DEFAULT 0;
-- 1 where an administrator set the present password and nobody has confirmed the account yet.
ALTER TABLE users ADD COLUMN is_password_from_admin INTEGER NOT NULL DEFAULT 0;
-- JSON: user metadata that administrators added to an account which somebody else made; empty once it is confirmed.
ALTER TABLE users ADD COLUMN admin_user_meta_data TEXT NOT NULL DEFAULT '{}';

-- A sign-up sends a message; accounts that were sent none were made by administrators.
UPDATE users SET is_admin_created = 1, is_password_from_admin = encrypted_password IS NOT NULL
WHERE confirmed_at IS NULL AND confirmation_sent_at IS NULL AND is_anonymous = 0
  AND NOT EXISTS (
    SELECT 1 FROM identities WHERE identities.user_id = users.id AND provider NOT IN ('email', 'phone')
  );
