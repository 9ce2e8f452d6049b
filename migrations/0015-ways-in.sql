-- Identities and flags that follow from how an account can be signed in to.

-- A password is a way in of its own, also for an account that a provider made: it goes with an identity of the address.
INSERT INTO identities (id, user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)
SELECT
  lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
    || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
  users.id, 'email', users.id,
  json_object('email', users.email, 'email_verified', json('true'), 'phone_verified', json('false'), 'sub', users.id),
  users.updated_at, users.updated_at, users.updated_at
FROM users
WHERE encrypted_password IS NOT NULL AND email IS NOT NULL AND email_confirmed_at IS NOT NULL
  AND is_sso_user = 0 AND deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM identities WHERE identities.user_id = users.id AND identities.provider = 'email');

-- A confirmed contact ends anonymity.
CREATE TABLE described AS
SELECT id FROM users
WHERE is_anonymous = 1
  AND (email IS NOT NULL AND email_confirmed_at IS NOT NULL OR phone IS NOT NULL AND phone_confirmed_at IS NOT NULL);
UPDATE users SET is_anonymous = 0 WHERE id IN (SELECT id FROM described);

-- `app_metadata` names the providers of both, oldest first.
INSERT INTO described
SELECT users.id FROM users JOIN identities ON identities.user_id = users.id AND identities.provider = 'email'
WHERE NOT EXISTS (
  SELECT 1 FROM json_each(users.raw_app_meta_data, '$.providers') WHERE json_each.value = 'email'
) AND users.deleted_at IS NULL AND users.encrypted_password IS NOT NULL;
UPDATE users SET raw_app_meta_data = json_set(
  raw_app_meta_data,
  '$.provider', (SELECT provider FROM identities WHERE user_id = users.id ORDER BY created_at LIMIT 1),
  '$.providers', json((
    SELECT json_group_array(provider) FROM (SELECT provider FROM identities WHERE user_id = users.id ORDER BY created_at)
  ))
)
WHERE id IN (SELECT id FROM described) AND EXISTS (SELECT 1 FROM identities WHERE user_id = users.id);
DROP TABLE described;
