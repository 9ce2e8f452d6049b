/** A database file with rows of every kind, for copying. */
import { Database } from 'bun:sqlite'
import { generateKeyPairSync } from 'node:crypto'
import type { Sealer } from '../../src/core/kernel/ports'
import { importedTokenHash } from '../../src/core/sessions/refresh'
import { encodeRefreshToken } from '../../src/core/tokens/refresh-token'

export const ADA = '11111111-1111-4111-8111-111111111111'
export const GRACE = '22222222-2222-4222-8222-222222222222'
const SESSION = '33333333-3333-4333-8333-333333333333'
const IMPORTED = '44444444-4444-4444-8444-444444444444'
const [TOTP, CODES, KEY] = [
  '55555555-5555-4555-8555-555555555555',
  '66666666-6666-4666-8666-666666666666',
  '77777777-7777-4777-8777-777777777777',
]
const ID = '88888888-8888-4888-8888-888888888888'
/** A token of GoTrue's older format, as the client holds it. */
export const OLDER_TOKEN = 'abcdefghijkl'
const HASH = 'ab'.repeat(32)
/** 2026-01-01T00:00:00.123Z */
export const AT = 1_767_225_600_123
const SIGNING_KEY = {
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  alg: 'ES256',
  kid: 'second',
}
const HMAC_KEY = Buffer.alloc(32, 7)

/** A refresh token of the session, as the client holds it. */
export const REFRESH_TOKEN = encodeRefreshToken(SESSION, 4, HMAC_KEY)

type Row = Record<string, string | number | null>

/** Text with every character that has a meaning in arrays, JSON or COPY of Postgres. */
const ODD_TEXT = 'Ada "L", {x}\\N \\ \t\n$1 \u00e9\u{1f600} NULL'

const rows = (sealer: Sealer, pepper: string): [table: string, ...rows: Row[]][] => {
  const sealed = (text: string | Buffer, place: string) => sealer.seal(Buffer.from(text as string), place)
  const times = { created_at: AT, updated_at: AT + 1 }
  return [
    [
      'users',
      {
        uid: 3,
        id: ADA,
        aud: 'authenticated',
        role: 'authenticated',
        email: 'ada@example.com',
        encrypted_password: '$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA',
        email_confirmed_at: AT,
        invited_at: AT + 2,
        confirmation_sent_at: AT + 3,
        recovery_sent_at: AT + 4,
        email_change: 'ada@example.org',
        email_change_sent_at: AT + 5,
        email_change_confirm_status: 1,
        phone: '4915112345678',
        phone_confirmed_at: AT + 6,
        phone_change: '4915187654321',
        phone_change_sent_at: AT + 7,
        reauthentication_sent_at: AT + 8,
        factor_sms_sent_at: AT + 9,
        raw_app_meta_data: '{"provider": "email", "providers": ["email", "github"]}',
        raw_user_meta_data: JSON.stringify({ name: ODD_TEXT }),
        admin_user_meta_data: '{"by":"admin"}',
        is_admin_created: 1,
        is_password_from_admin: 1,
        last_sign_in_at: AT + 10,
        is_sso_user: 0,
        is_anonymous: 0,
        deleted_at: null,
        factor_count: 3,
        username: 'ada',
        matrix_user_id: '@ada:example.com',
        ...times,
      },
      {
        uid: 7,
        id: GRACE,
        aud: 'authenticated',
        role: 'authenticated',
        email: null,
        encrypted_password: null,
        is_sso_user: 1,
        is_anonymous: 1,
        deleted_at: AT + 12,
        banned_until: AT + 11,
        ...times,
      },
    ],
    [
      'identities',
      {
        id: ID,
        user_id: ADA,
        provider: 'github',
        provider_id: '42',
        identity_data: JSON.stringify({ email: 'Ada@Example.com', name: ODD_TEXT }),
        last_sign_in_at: AT,
        ...times,
      },
    ],
    [
      'sessions',
      {
        id: SESSION,
        user_id: ADA,
        aal: 'aal2',
        factor_id: TOTP,
        not_after: AT + 10 ** 12,
        refreshed_at: AT + 13,
        user_agent: ODD_TEXT,
        ip: '2001:db8::1',
        tag: 'app',
        refresh_token_hmac_key: sealed(HMAC_KEY, `sessions.refresh_token_hmac_key:${SESSION}`),
        refresh_token_counter: 4,
        elevated_at_counter: 2,
        ...times,
      },
      {
        id: IMPORTED,
        user_id: ADA,
        aal: 'aal1',
        ip: null,
        refresh_token_hmac_key: sealed(HMAC_KEY, `sessions.refresh_token_hmac_key:${IMPORTED}`),
        refresh_token_counter: -1,
        ...times,
      },
    ],
    [
      'refresh_tokens',
      {
        id: 9,
        token_hash: importedTokenHash(Buffer.from(pepper), OLDER_TOKEN),
        user_id: ADA,
        session_id: IMPORTED,
        parent_hash: 'cd'.repeat(32),
        revoked: 0,
        ...times,
      },
      {
        id: 8,
        token_hash: 'cd'.repeat(32),
        user_id: ADA,
        session_id: IMPORTED,
        parent_hash: null,
        revoked: 1,
        ...times,
      },
    ],
    [
      'mfa_amr_claims',
      { session_id: SESSION, authentication_method: 'password', ...times },
      { session_id: SESSION, authentication_method: 'totp', ...times },
    ],
    ['known_networks', { user_id: ADA, network: '203.0.113.0/24', last_seen_at: AT, passed_factor_at: AT + 1 }],
    ['roles', { name: 'editor', description: 'Made here.' }],
    ['user_roles', { user_id: ADA, role: 'editor', granted_at: AT }],
    [
      'mfa_factors',
      {
        id: TOTP,
        user_id: ADA,
        friendly_name: 'phone',
        factor_type: 'totp',
        status: 'verified',
        secret: sealed('12345678901234567890', `mfa_factors.secret:${TOTP}`),
        last_step: 58_907_520,
        last_challenged_at: AT,
        phone: null,
        web_authn_aaguid: null,
        ...times,
      },
      {
        id: CODES,
        user_id: ADA,
        friendly_name: 'codes',
        factor_type: 'recovery_code',
        status: 'verified',
        secret: '',
        last_step: -1,
        last_challenged_at: null,
        phone: null,
        web_authn_aaguid: null,
        ...times,
      },
      {
        id: KEY,
        user_id: ADA,
        friendly_name: 'key',
        factor_type: 'webauthn',
        status: 'verified',
        secret: '',
        last_step: -1,
        last_challenged_at: AT,
        phone: null,
        web_authn_aaguid: ID,
        ...times,
      },
    ],
    [
      'mfa_challenges',
      {
        id: ID,
        factor_id: CODES,
        ip_address: '203.0.113.7',
        created_at: AT,
        verified_at: null,
        otp_code_hash: HASH,
        web_authn_challenge: 'Y2hhbGxlbmdl',
      },
    ],
    ['mfa_attempts', { user_id: ADA, network: '', attempts: 3, since: AT }],
    [
      'mfa_recovery_codes',
      { factor_id: CODES, code_hash: HASH, used_at: null },
      { factor_id: CODES, code_hash: 'ef'.repeat(32), used_at: AT },
    ],
    [
      'webauthn_credentials',
      {
        id: ID,
        user_id: GRACE,
        factor_id: null,
        credential_id: 'cGFzc2tleQ',
        public_key: 'pQECAyYgASFYIA',
        sign_count: 5,
        transports: '["internal", "hybrid"]',
        aaguid: ID,
        backup_eligible: 1,
        backed_up: 0,
        friendly_name: 'laptop',
        last_used_at: AT,
        ...times,
      },
      // On Postgres, the key of a factor is part of the factor.
      {
        id: KEY,
        user_id: ADA,
        factor_id: KEY,
        credential_id: 'c2Vjb25kX2tleQ',
        public_key: 'pQECAyYgASFYIg',
        sign_count: 6,
        transports: '["usb"]',
        aaguid: ID,
        backup_eligible: 0,
        backed_up: 1,
        friendly_name: 'key',
        last_used_at: null,
        ...times,
      },
    ],
    ['webauthn_challenges', { id: ID, user_id: ADA, challenge: 'Y2hhbGxlbmdl', expires_at: AT + 1, created_at: AT }],
    [
      'verification_tokens',
      {
        id: 'vt_1',
        kind: 'recovery',
        family: 'gotrue',
        email: 'ada@example.com',
        phone: null,
        user_id: ADA,
        payload: null,
        token_hash: HASH,
        token_prefix: 'abcdefgh',
        code_hash: HASH,
        code_attempts: 2,
        flow_state_id: ID,
        created_at: AT,
        expires_at: AT + 1,
        consumed_at: null,
      },
      {
        id: 'vt_2',
        kind: 'otp',
        family: 'service',
        email: null,
        phone: '4915112345678',
        user_id: null,
        payload: ODD_TEXT,
        token_hash: HASH,
        token_prefix: 'abcdefgh',
        code_hash: null,
        code_attempts: 0,
        flow_state_id: null,
        created_at: AT,
        expires_at: AT + 1,
        consumed_at: AT,
      },
    ],
    [
      'flow_state',
      {
        id: ID,
        user_id: ADA,
        auth_code_hash: HASH,
        auth_code_issued_at: AT,
        code_challenge: 'x',
        code_challenge_method: 's256',
        authentication_method: 'oauth',
        created_at: AT,
        provider_tokens: sealed('{"access_token":"x"}', `flow_state.provider_tokens:${ID}`),
      },
    ],
    [
      'oauth_states',
      {
        state_hash: HASH,
        provider: 'github',
        browser_hash: HASH,
        redirect_to: 'https://app.example.com/',
        code_challenge: null,
        code_challenge_method: null,
        upstream_verifier: sealed('verifier', `oauth_states.upstream_verifier:${HASH}`),
        linking_user_id: ADA,
        linking_session_id: SESSION,
        invite_token_id: 'vt_1',
        invited_user_id: ADA,
        created_at: AT,
        used_at: null,
      },
    ],
    [
      'refusals',
      {
        seq: 7,
        request_id: 'r1',
        created_at: AT,
        method: 'POST',
        route: '/auth/v1/token',
        status: 429,
        reason: 'too_many_requests',
        exceeded: 'AUTH_RATE_LIMIT_TOKEN_REFRESH',
        user_id: ADA,
        ip_address: '203.0.113.7',
      },
      {
        seq: 8,
        request_id: 'r1',
        created_at: AT + 1,
        method: 'GET',
        route: '/auth/v1/user',
        status: 401,
        reason: 'bearer_missing',
        exceeded: null,
        user_id: null,
        ip_address: '',
      },
    ],
    [
      'event_counts',
      { step: 'day', at: AT, kind: 'sign_in', label: 'password:success', count: 2_147_483_648 },
      { step: 'hour', at: AT, kind: 'refusal', label: 'bearer_missing', count: 1 },
    ],
    [
      'events',
      {
        seq: 3,
        id: 'e1',
        destination: 'webhook',
        user_id: ADA,
        type: 'user.updated',
        payload: JSON.stringify({ type: 'user.updated', note: ODD_TEXT }),
        state: 'pending',
        attempts: 2,
        error: 'status 503',
        next_attempt_at: AT + 5,
        expires_at: AT + 6,
        created_at: AT,
        delivered_at: null,
      },
      {
        seq: 4,
        id: 'e2',
        destination: 'after_user_created',
        user_id: ID,
        type: 'user.created',
        payload: '{}',
        state: 'delivered',
        attempts: 1,
        error: null,
        next_attempt_at: null,
        expires_at: AT + 6,
        created_at: AT,
        delivered_at: AT + 1,
      },
    ],
    [
      'messages',
      {
        seq: 5,
        id: 'm1',
        channel: 'email',
        template: 'recovery',
        recipient: 'ada@example.com',
        content: sealed(JSON.stringify({ subject: ODD_TEXT }), 'messages.content:m1'),
        state: 'queued',
        attempts: 1,
        error: '421 later',
        next_attempt_at: AT,
        expires_at: AT + 1,
        created_at: AT,
        sent_at: null,
        user_id: ADA,
      },
      {
        seq: 6,
        id: 'm2',
        channel: 'sms',
        template: 'otp',
        recipient: '4915112345678',
        content: null,
        state: 'sent',
        attempts: 1,
        error: null,
        next_attempt_at: null,
        expires_at: AT + 1,
        created_at: AT,
        sent_at: AT,
      },
    ],
    [
      'session_tokens',
      {
        lookup_id: 'lookup',
        kind: 'refresh',
        family_id: SESSION,
        token_hash: HASH,
        aal: 'aal2',
        created_at: AT,
        expires_at: AT + 1,
        revoked_at: null,
      },
    ],
    [
      'personal_access_tokens',
      {
        id: ID,
        lookup_id: 'personal',
        user_id: ADA,
        name: ODD_TEXT,
        token_hash: HASH,
        created_at: AT,
        expires_at: null,
        last_used_at: AT,
      },
    ],
    [
      'external_sessions',
      {
        id: ID,
        lookup_id: 'external',
        token_hash: HASH,
        server: 'https://other.example',
        external_id: 'e'.repeat(32),
        upstream_token: sealed('token', `external_sessions.upstream_token:${ID}`),
        created_at: AT,
        expires_at: AT + 1,
        uid: '12',
        username: 'eve',
        email: 'eve@example.com',
      },
    ],
    [
      'matrix_registrations',
      {
        user_id: ADA,
        suffix: 2,
        attempts: 1,
        next_attempt_at: AT,
        error: 'taken',
        password: sealed('password', `matrix_registrations.password:${ADA}`),
      },
    ],
    [
      'custom_oauth_providers',
      {
        id: ID,
        provider_type: 'oidc',
        identifier: 'custom:corp',
        name: ODD_TEXT,
        client_id: 'app',
        client_secret: sealed('client secret', `custom_oauth_providers.client_secret:${ID}`),
        acceptable_client_ids: '["a", "b,c"]',
        scopes: '["openid"]',
        pkce_enabled: 1,
        attribute_mapping: '{"email": "mail"}',
        custom_claims_allowlist: '[]',
        authorization_params: '{"prompt": "login"}',
        enabled: 1,
        email_optional: 0,
        issuer: 'https://idp.example',
        discovery_url: null,
        skip_nonce_check: 0,
        discovery_document: '{"issuer": "https://idp.example"}',
        discovered_at: AT,
        authorization_url: null,
        token_url: null,
        userinfo_url: null,
        jwks_uri: null,
        ...times,
      },
    ],
    [
      'signing_keys',
      { kid: 'first', alg: 'ES256', private_jwk: '', created_at: AT, signs_from: AT, revoked_at: AT + 1 },
      {
        kid: 'second',
        alg: 'ES256',
        private_jwk: sealed(JSON.stringify(SIGNING_KEY), 'signing_keys.private_jwk:second'),
        created_at: AT,
        signs_from: null,
        revoked_at: null,
      },
    ],
    ['web3_messages', { message_hash: HASH, expires_at: AT }],
    ['spent_captchas', { id: 'proof', expires_at: AT }],
    [
      'audit_log_entries',
      {
        seq: 1,
        id: ID,
        payload: JSON.stringify({ action: 'login', note: ODD_TEXT }),
        created_at: AT,
        ip_address: '203.0.113.7',
      },
      { seq: 2, id: ADA, payload: '{"action":"logout"}', created_at: AT + 1, ip_address: '' },
    ],
  ]
}

/** Fills a migrated database file. The numbers of accounts up to 12 have been given. */
export function putEveryRow(path: string, sealer: Sealer, pepper: string): void {
  using database = new Database(path)
  database.run('PRAGMA foreign_keys = ON')
  for (const [table, ...each] of rows(sealer, pepper))
    for (const row of each) {
      const names = Object.keys(row)
      database.run(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        Object.values(row),
      )
    }
  database.run("UPDATE sqlite_sequence SET seq = 12 WHERE name = 'users'")
  database.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('encryption_key_id', ?)", [sealer.keyId])
}

/** All rows of a file by table, sorted, with opened secrets and parsed JSON, since their text may differ. */
export function allRowsOf(path: string, sealer: Sealer): Record<string, Row[]> {
  using database = new Database(path, { readonly: true })
  const tables = database
    .query(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations'",
    )
    .all() as { name: string }[]
  const read = ({ name }: { name: string }) => database.query(`SELECT * FROM ${name}`).all() as Row[]
  return Object.fromEntries(
    tables.map((table) => [
      table.name,
      read(table)
        .map((row) => comparable(table.name, row, sealer))
        .sort(byText),
    ]),
  )
}

const byText = (one: Row, other: Row) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)

function comparable(table: string, row: Row, sealer: Sealer): Row {
  const entries = Object.entries(row).map(([column, value]) => {
    if (typeof value !== 'string') return [column, value]
    if (value.startsWith(`${sealer.keyId}.`)) {
      const id = row.id ?? row.kid ?? row.state_hash ?? row.user_id
      return [column, sealer.open(value, `${table}.${column}:${id}`).toString('hex')]
    }
    return [column, /^[[{]/.test(value) ? JSON.parse(value) : value]
  })
  return Object.fromEntries(entries)
}
