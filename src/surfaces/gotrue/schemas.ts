/** GoTrue's objects (docs/wire-contract.md#objects): their schemas in member order, and the conversions. */
import { type Static, Type } from '@sinclair/typebox'
import type {
  Account,
  AuditRow,
  DescribedSession,
  Factor,
  Identity,
  IssuedSession,
  ListedSession,
  User,
  WebauthnCredential,
} from '../../core'
import { amrClaim } from '../../core/sessions/access-claims'
import { freeForm } from '../../http/free-form'
import { errorsOf, oneOf } from '../../http/schemas'
import { FACTOR_TYPES } from '../../lib/factor-types'
import { goTime, goTimeOr } from '../../lib/rfc3339'
import { ERROR_CODES } from './error-messages'

const text = (description?: string) => Type.String(description === undefined ? {} : { description })
const uuid = () => Type.String({ format: 'uuid' })
const time = () => Type.String({ format: 'date-time' })

const IdentityShape = Type.Object(
  {
    identity_id: uuid(),
    id: text("The provider's account id; for email and phone the user's id."),
    user_id: uuid(),
    identity_data: Type.Optional(freeForm()),
    provider: text(),
    last_sign_in_at: Type.Optional(time()),
    created_at: time(),
    updated_at: time(),
    email: Type.Optional(text()),
  },
  { $id: 'Identity' },
)

export const FactorShape = Type.Object(
  {
    id: uuid(),
    created_at: time(),
    updated_at: time(),
    status: oneOf(['unverified', 'verified']),
    friendly_name: Type.Optional(text()),
    factor_type: oneOf(FACTOR_TYPES),
    phone: text('Empty unless it is a phone factor.'),
    last_challenged_at: Type.Union([time(), Type.Null()]),
    web_authn_aaguid: Type.Optional(text('Model of the authenticator.')),
  },
  { $id: 'Factor' },
)

export const PasskeyShape = Type.Object(
  { id: uuid(), friendly_name: Type.Optional(text()), created_at: time(), last_used_at: Type.Optional(time()) },
  { $id: 'Passkey' },
)

export const userMembers = {
  id: uuid(),
  aud: text(),
  role: text(),
  email: text('Empty if there is none.'),
  email_confirmed_at: Type.Optional(time()),
  invited_at: Type.Optional(time()),
  phone: text('E.164 without the plus sign; empty if there is none.'),
  phone_confirmed_at: Type.Optional(time()),
  confirmation_sent_at: Type.Optional(time()),
  confirmed_at: Type.Optional(time()),
  recovery_sent_at: Type.Optional(time()),
  new_email: Type.Optional(text()),
  email_change_sent_at: Type.Optional(time()),
  new_phone: Type.Optional(text()),
  phone_change_sent_at: Type.Optional(time()),
  reauthentication_sent_at: Type.Optional(time()),
  last_sign_in_at: Type.Optional(time()),
  app_metadata: freeForm(),
  user_metadata: freeForm(),
  factors: Type.Optional(Type.Array(FactorShape)),
  identities: Type.Union([Type.Array(IdentityShape), Type.Null()], { description: 'null in lists.' }),
  created_at: time(),
  updated_at: time(),
  banned_until: Type.Optional(time()),
  deleted_at: Type.Optional(time()),
  is_anonymous: Type.Boolean(),
}

export const UserShape = Type.Object(userMembers, { $id: 'User' })

const weaknesses = () => Type.Array(oneOf(['length', 'characters', 'pwned']))

const WeakPassword = Type.Object({ message: text(), reasons: weaknesses() }, { $id: 'WeakPassword' })

export const SessionShape = Type.Object(
  {
    access_token: text('JWT (RFC 7519) with the claims of Supabase Auth.'),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    expires_at: Type.Integer({ description: 'Unix seconds.' }),
    refresh_token: text(),
    user: UserShape,
    provider_token: Type.Optional(text("The provider's access token, returned once.")),
    provider_refresh_token: Type.Optional(text()),
    weak_password: Type.Optional(Type.Union([Type.Null(), WeakPassword])),
  },
  { $id: 'Session' },
)

const AuthenticationMethod = Type.Object(
  { method: text('Such as `password`, `otp` or `totp`.'), timestamp: Type.Integer({ description: 'Unix seconds.' }) },
  { $id: 'AuthenticationMethod' },
)

const sessionMembers = {
  id: uuid(),
  created_at: time(),
  updated_at: time(),
  refreshed_at: Type.Union([time(), Type.Null()]),
  not_after: Type.Union([time(), Type.Null()]),
  aal: oneOf(['aal1', 'aal2']),
  amr: Type.Array(AuthenticationMethod),
  user_agent: Type.Union([text(), Type.Null()]),
  ip: Type.Union([text(), Type.Null()]),
  last_used_at: time(),
}

export const SessionRowShape = Type.Object(
  {
    ...sessionMembers,
    current: Type.Boolean({ description: 'Whether this is the session of the request.' }),
  },
  { $id: 'SessionRow' },
)

export const UserSessionShape = Type.Object(
  {
    ...sessionMembers,
    active: Type.Boolean({ description: 'False once its limits or a ban have ended it.' }),
  },
  { $id: 'UserSession' },
)

export const AuditShape = Type.Object(
  { id: uuid(), payload: freeForm(), created_at: time(), ip_address: text() },
  { $id: 'AuditLogEntry' },
)

const ErrorCode = oneOf(ERROR_CODES, {
  $id: 'ErrorCode',
  description: 'Later versions may add codes; treat an unknown one by its status.',
})

/** As clients get it that send no X-Supabase-Api-Version. */
const ErrorShape = Type.Object(
  {
    code: Type.Integer({ description: 'The HTTP status.' }),
    error_code: ErrorCode,
    msg: text(),
    error_id: Type.Optional(text('The request id, on 5xx.')),
    weak_password: Type.Optional(Type.Object({ reasons: weaknesses() })),
  },
  {
    $id: 'Error',
    examples: [{ code: 400, error_code: 'invalid_credentials', msg: 'Invalid login credentials' }],
  },
)

/** The errors of the grants that GoTrue answers in the shape of RFC 6749 §5.2. */
const OAuthErrorShape = Type.Object(
  { error: text('Such as `invalid_grant`.'), error_description: text() },
  { $id: 'OAuthError' },
)

/** The two fields of a PKCE challenge (RFC 7636 §4.3). */
export const codeChallengeFields = {
  code_challenge: Type.Optional(Type.String({ description: 'PKCE challenge.' })),
  code_challenge_method: Type.Optional(Type.String({ description: '`s256` or `plain`.' })),
}

export const codeChallengeOfBody = (body: {
  code_challenge?: string | undefined
  code_challenge_method?: string | undefined
}) => ({ codeChallenge: body.code_challenge, codeChallengeMethod: body.code_challenge_method })

/** The error responses of an endpoint, for its documentation. 413, 500, 503 and 504 are implied. */
export const errors = errorsOf(ErrorShape)

/** The 400 of `POST /token`, where some grants have errors of another shape. */
export const tokenErrors = { 400: Type.Union([ErrorShape, OAuthErrorShape]) }

function toIdentity(identity: Identity): Static<typeof IdentityShape> {
  const { email } = identity.identityData
  return {
    identity_id: identity.id,
    id: identity.providerId,
    user_id: identity.userId,
    identity_data: Object.keys(identity.identityData).length === 0 ? undefined : identity.identityData,
    provider: identity.provider,
    last_sign_in_at: goTimeOr(identity.lastSignInAt, undefined),
    created_at: goTime(identity.createdAt),
    updated_at: goTime(identity.updatedAt),
    email: typeof email === 'string' && email !== '' ? email.toLowerCase() : undefined,
  }
}

export function toFactor(factor: Factor): Static<typeof FactorShape> {
  return {
    id: factor.id,
    created_at: goTime(factor.createdAt),
    updated_at: goTime(factor.updatedAt),
    status: factor.status,
    friendly_name: factor.friendlyName === '' ? undefined : factor.friendlyName,
    factor_type: factor.factorType,
    phone: factor.phone ?? '',
    last_challenged_at: goTimeOr(factor.lastChallengedAt, null),
    web_authn_aaguid: factor.webAuthnAaguid ?? undefined,
  }
}

export function toPasskey(passkey: WebauthnCredential): Static<typeof PasskeyShape> {
  return {
    id: passkey.id,
    friendly_name: passkey.friendlyName === '' ? undefined : passkey.friendlyName,
    created_at: goTime(passkey.createdAt),
    last_used_at: goTimeOr(passkey.lastUsedAt, undefined),
  }
}

export interface UserOptions {
  /** GoTrue computes `confirmed_at` on reading, so the response to the confirming request lacks it. */
  isJustConfirmed?: boolean
}

export function toUser(
  { user, identities, factors = [] }: { user: User; identities: Identity[] | null; factors?: Factor[] },
  { isJustConfirmed = false }: UserOptions = {},
): Static<typeof UserShape> {
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? '',
    email_confirmed_at: goTimeOr(user.emailConfirmedAt, undefined),
    invited_at: goTimeOr(user.invitedAt, undefined),
    phone: user.phone ?? '',
    phone_confirmed_at: goTimeOr(user.phoneConfirmedAt, undefined),
    confirmation_sent_at: goTimeOr(user.confirmationSentAt, undefined),
    confirmed_at: isJustConfirmed ? undefined : goTimeOr(user.confirmedAt, undefined),
    recovery_sent_at: goTimeOr(user.recoverySentAt, undefined),
    new_email: user.emailChange ?? undefined,
    email_change_sent_at: goTimeOr(user.emailChangeSentAt, undefined),
    new_phone: user.phoneChange ?? undefined,
    phone_change_sent_at: goTimeOr(user.phoneChangeSentAt, undefined),
    reauthentication_sent_at: goTimeOr(user.reauthenticationSentAt, undefined),
    last_sign_in_at: goTimeOr(user.lastSignInAt, undefined),
    app_metadata: user.rawAppMetaData,
    user_metadata: user.rawUserMetaData,
    factors: factors.length === 0 ? undefined : factors.map(toFactor),
    identities: identities?.map(toIdentity) ?? null,
    created_at: goTime(user.createdAt),
    updated_at: goTime(user.updatedAt),
    banned_until: goTimeOr(user.bannedUntil, undefined),
    deleted_at: goTimeOr(user.deletedAt, undefined),
    is_anonymous: user.isAnonymous,
  }
}

/** The account after a request that confirmed the user. */
export const toFreshUser = (account: Account) => toUser(account, { isJustConfirmed: true })

export function toSession(issued: IssuedSession, options?: UserOptions): Static<typeof SessionShape> {
  const { weakness } = issued
  return {
    access_token: issued.accessToken,
    token_type: 'bearer',
    expires_in: issued.expiresIn,
    expires_at: issued.expiresAt,
    refresh_token: issued.refreshToken,
    user: toUser(issued, options),
    provider_token: issued.providerTokens?.accessToken || undefined,
    provider_refresh_token: issued.providerTokens?.refreshToken || undefined,
    weak_password: weakness && { message: weakness.message, reasons: weakness.reasons },
  }
}

/** GoTrue's headers about an issued session, and no caching. */
export function sessionHeaders({ session, user }: IssuedSession): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'sb-auth-user-id': user.id,
    'sb-auth-session-id': session.id,
    'sb-auth-refresh-token-counter': String(session.refreshTokenCounter),
  }
}

function sessionFields({ session, amr }: Pick<ListedSession, 'session' | 'amr'>) {
  return {
    id: session.id,
    created_at: goTime(session.createdAt),
    updated_at: goTime(session.updatedAt),
    refreshed_at: goTimeOr(session.refreshedAt, null),
    not_after: goTimeOr(session.notAfter, null),
    aal: session.aal,
    amr: amrClaim(amr),
    user_agent: session.userAgent,
    ip: session.ip,
    last_used_at: goTime(session.refreshedAt ?? session.createdAt),
  }
}

export const toSessionRow = (listed: ListedSession): Static<typeof SessionRowShape> => ({
  ...sessionFields(listed),
  current: listed.isCurrent,
})

export const toUserSession = (described: DescribedSession): Static<typeof UserSessionShape> => ({
  ...sessionFields(described),
  active: described.isActive,
})

export function toAuditEntry({ id, payload, createdAt, ipAddress }: AuditRow): Static<typeof AuditShape> {
  return { id, payload, created_at: goTime(createdAt), ip_address: ipAddress }
}
