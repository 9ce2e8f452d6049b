-- The shared tables that are more than renamed columns: views with the names of columns that they have on SQLite, and
-- triggers that write to the tables behind them. Applied after the migrations whenever this text changes, in the same
-- transaction, when all views of before are dropped. The other views are made by src/store/postgres/shared-tables.ts.

-- base64url without padding (RFC 4648 section 5).
CREATE OR REPLACE FUNCTION latchkey.base64url(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT rtrim(translate(encode(bytes, 'base64'), E'+/\n', '-_'), '=')
$$;

-- NULL if the text is no base64url.
CREATE OR REPLACE FUNCTION latchkey.from_base64url(encoded text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN encoded ~ '^[A-Za-z0-9_-]*$' AND length(encoded) % 4 <> 1
    THEN decode(rpad(translate(encoded, '-_', '+/'), (length(encoded) + 3) / 4 * 4, '='), 'base64')
  END
$$;

-- base64 as in the JSON of Go, where it stands for bytes.
CREATE OR REPLACE FUNCTION latchkey.go_bytes(encoded text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT translate(encode(latchkey.from_base64url(encoded), 'base64'), E'\n', '')
$$;
CREATE OR REPLACE FUNCTION latchkey.from_go_bytes(encoded text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT rtrim(translate(encoded, '+/', '-_'), '=')
$$;

-- Second factors, including those of the type that GoTrue lacks.
CREATE VIEW latchkey.mfa_factors AS
SELECT
  f.id, f.user_id, coalesce(f.friendly_name, '') AS friendly_name, f.factor_type::text AS factor_type,
  f.status::text AS status, coalesce(f.secret, '') AS secret, coalesce(s.last_step, -1) AS last_step,
  f.last_challenged_at, f.phone, f.web_authn_aaguid, f.created_at, f.updated_at
FROM auth.mfa_factors f LEFT JOIN latchkey.totp_steps s ON s.factor_id = f.id
UNION ALL
SELECT
  r.id, r.user_id, r.friendly_name, 'recovery_code', r.status, '', -1, to_timestamp(r.last_challenged_at / 1000.0),
  NULL, NULL, to_timestamp(r.created_at / 1000.0), to_timestamp(r.updated_at / 1000.0)
FROM latchkey.recovery_factors r;

CREATE OR REPLACE FUNCTION latchkey.milliseconds(instant timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT floor(extract(epoch FROM instant) * 1000)::bigint
$$;

CREATE OR REPLACE FUNCTION latchkey.write_factor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  challenged_at timestamptz;
BEGIN
  -- A statement chose the row by its state, which another transaction may have changed since. NULL: no row counts.
  IF TG_OP = 'DELETE' THEN
    IF OLD.factor_type = 'recovery_code' THEN
      DELETE FROM latchkey.recovery_factors WHERE id = OLD.id AND status = OLD.status;
    ELSE
      DELETE FROM auth.mfa_factors WHERE id = OLD.id AND status::text = OLD.status;
    END IF;
    RETURN CASE WHEN FOUND THEN OLD END;
  END IF;

  IF NEW.factor_type = 'recovery_code' THEN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO latchkey.recovery_factors
        (id, user_id, friendly_name, status, last_challenged_at, created_at, updated_at)
      VALUES
        (NEW.id, NEW.user_id, NEW.friendly_name, NEW.status, latchkey.milliseconds(NEW.last_challenged_at),
          latchkey.milliseconds(NEW.created_at), latchkey.milliseconds(NEW.updated_at));
    ELSE
      UPDATE latchkey.recovery_factors SET
        friendly_name = NEW.friendly_name, status = NEW.status,
        last_challenged_at = latchkey.milliseconds(NEW.last_challenged_at),
        updated_at = latchkey.milliseconds(NEW.updated_at)
      WHERE id = NEW.id AND status = OLD.status;
    END IF;
    RETURN CASE WHEN FOUND THEN NEW END;
  END IF;

  -- GoTrue's column is unique over all factors, so whole milliseconds would collide.
  challenged_at := NEW.last_challenged_at;
  IF TG_OP = 'INSERT' OR challenged_at IS DISTINCT FROM OLD.last_challenged_at THEN
    challenged_at := date_trunc('milliseconds', challenged_at) + floor(random() * 1000) * interval '1 microsecond';
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO auth.mfa_factors
      (id, user_id, friendly_name, factor_type, status, secret, phone, last_challenged_at, web_authn_aaguid, created_at,
        updated_at)
    VALUES
      (NEW.id, NEW.user_id, NEW.friendly_name, NEW.factor_type::auth.factor_type, NEW.status::auth.factor_status,
        NEW.secret, NEW.phone, challenged_at, NEW.web_authn_aaguid, NEW.created_at, NEW.updated_at);
  ELSE
    UPDATE auth.mfa_factors SET
      friendly_name = NEW.friendly_name, status = NEW.status::auth.factor_status, secret = NEW.secret,
      phone = NEW.phone, last_challenged_at = challenged_at, web_authn_aaguid = NEW.web_authn_aaguid,
      updated_at = NEW.updated_at
    WHERE id = NEW.id AND status::text = OLD.status;
  END IF;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF NEW.last_step > -1 AND (TG_OP = 'INSERT' OR NEW.last_step <> OLD.last_step) THEN
    INSERT INTO latchkey.totp_steps (factor_id, last_step) VALUES (NEW.id, NEW.last_step)
    ON CONFLICT (factor_id) DO UPDATE SET last_step = excluded.last_step;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER write_factor INSTEAD OF INSERT OR UPDATE OR DELETE ON latchkey.mfa_factors
  FOR EACH ROW EXECUTE FUNCTION latchkey.write_factor();

-- Passkeys, with the bytes of the credential id, by which they are found.
CREATE VIEW latchkey.passkeys AS
SELECT
  p.id, p.user_id, NULL::uuid AS factor_id, latchkey.base64url(p.credential_id) AS credential_id,
  latchkey.base64url(p.public_key) AS public_key, p.sign_count, p.transports::text AS transports,
  coalesce(p.aaguid, '00000000-0000-0000-0000-000000000000') AS aaguid, p.backup_eligible, p.backed_up,
  p.friendly_name, p.last_used_at, p.created_at, p.updated_at, p.credential_id AS credential_bytes
FROM auth.webauthn_credentials p;

-- All keys of authenticators. The key of a second factor is JSON of the library go-webauthn, and has the id of its factor.
CREATE VIEW latchkey.webauthn_credentials AS
SELECT
  p.id, p.user_id, p.factor_id, p.credential_id, p.public_key, p.sign_count, p.transports, p.aaguid, p.backup_eligible,
  p.backed_up, p.friendly_name, p.last_used_at, p.created_at, p.updated_at
FROM latchkey.passkeys p
UNION ALL
SELECT
  f.id, f.user_id, f.id, latchkey.from_go_bytes(key ->> 'id'), latchkey.from_go_bytes(key ->> 'publicKey'),
  coalesce(key #>> '{authenticator,signCount}', '0')::bigint,
  CASE jsonb_typeof(key -> 'transport') WHEN 'array' THEN (key -> 'transport')::text ELSE '[]' END,
  coalesce(f.web_authn_aaguid, '00000000-0000-0000-0000-000000000000'),
  coalesce(key #>> '{flags,backupEligible}', 'false')::boolean,
  coalesce(key #>> '{flags,backupState}', 'false')::boolean,
  coalesce(f.friendly_name, ''), NULL, f.created_at, f.updated_at
FROM auth.mfa_factors f CROSS JOIN LATERAL (SELECT f.web_authn_credential AS key) k
WHERE f.factor_type = 'webauthn' AND key ->> 'id' IS NOT NULL;

CREATE OR REPLACE FUNCTION latchkey.write_credential() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  aaguid uuid;
  is_passkey boolean;
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM auth.webauthn_credentials WHERE id = OLD.id;
    is_passkey := FOUND;
    UPDATE auth.mfa_factors SET web_authn_credential = NULL WHERE id = OLD.factor_id;
    RETURN CASE WHEN is_passkey OR FOUND THEN OLD END;
  END IF;

  IF TG_OP = 'UPDATE' THEN
    UPDATE auth.webauthn_credentials SET
      sign_count = NEW.sign_count, backed_up = NEW.backed_up, friendly_name = NEW.friendly_name,
      last_used_at = NEW.last_used_at, updated_at = NEW.updated_at
    WHERE id = NEW.id;
    is_passkey := FOUND;
    UPDATE auth.mfa_factors SET web_authn_credential = jsonb_set(
      jsonb_set(web_authn_credential, '{authenticator,signCount}', to_jsonb(NEW.sign_count)),
      '{flags,backupState}', to_jsonb(NEW.backed_up))
    WHERE id = NEW.factor_id;
    RETURN CASE WHEN is_passkey OR FOUND THEN NEW END;
  END IF;

  -- A credential is registered once. NULL: nothing is inserted.
  IF EXISTS (SELECT 1 FROM auth.webauthn_credentials WHERE credential_id = latchkey.from_base64url(NEW.credential_id))
    OR EXISTS (SELECT 1 FROM auth.mfa_factors WHERE web_authn_credential ->> 'id' = latchkey.go_bytes(NEW.credential_id))
  THEN
    RETURN NULL;
  END IF;
  aaguid := nullif(NEW.aaguid, '00000000-0000-0000-0000-000000000000');
  IF NEW.factor_id IS NULL THEN
    INSERT INTO auth.webauthn_credentials
      (id, user_id, credential_id, public_key, aaguid, sign_count, transports, backup_eligible, backed_up, friendly_name,
        created_at, updated_at, last_used_at)
    VALUES
      (NEW.id, NEW.user_id, latchkey.from_base64url(NEW.credential_id), latchkey.from_base64url(NEW.public_key), aaguid,
        NEW.sign_count, NEW.transports::jsonb, NEW.backup_eligible, NEW.backed_up, NEW.friendly_name, NEW.created_at,
        NEW.updated_at, NEW.last_used_at);
    RETURN NEW;
  END IF;
  UPDATE auth.mfa_factors SET web_authn_credential = jsonb_build_object(
    'id', latchkey.go_bytes(NEW.credential_id),
    'publicKey', latchkey.go_bytes(NEW.public_key),
    'attestationType', 'none',
    'transport', NEW.transports::jsonb,
    'flags', jsonb_build_object(
      'userPresent', true, 'userVerified', false, 'backupEligible', NEW.backup_eligible, 'backupState', NEW.backed_up),
    'authenticator', jsonb_build_object(
      'AAGUID', encode(uuid_send(NEW.aaguid), 'base64'), 'signCount', NEW.sign_count, 'cloneWarning', false,
      'attachment', ''))
  WHERE id = NEW.factor_id AND web_authn_credential IS NULL;
  RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_credential INSTEAD OF INSERT OR UPDATE OR DELETE ON latchkey.webauthn_credentials
  FOR EACH ROW EXECUTE FUNCTION latchkey.write_credential();
