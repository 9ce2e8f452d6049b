/** A database in which every operation finds something to do. */
import { createHash } from 'node:crypto'
import { createUser } from '../../../src/store/accounts/new-accounts'
import { grantRole } from '../../../src/store/accounts/roles'
import { addAuditSeal } from '../../../src/store/audit-seals'
import type { Engine } from '../../../src/store/engine'
import { type NewEvent, queueEvents } from '../../../src/store/events'
import { insertFactorIn } from '../../../src/store/factors/factors'
import { registerPasskey, startCeremony } from '../../../src/store/factors/webauthn'
import { queueMatrixRegistration } from '../../../src/store/matrix-registrations'
import { addCustomProvider } from '../../../src/store/oauth/custom-providers'
import { issueAuthCode, startFlow } from '../../../src/store/oauth/flows'
import { putOAuthState } from '../../../src/store/oauth/oauth-states'
import { columnsOf, statement } from '../../../src/store/query'
import {
  type AuditSeal,
  type CustomProvider,
  type ExternalSession,
  type Factor,
  mfaChallenges,
  mfaRecoveryCodes,
  type OAuthState,
  type WebauthnCredential,
} from '../../../src/store/schema'
import { openExternalSession } from '../../../src/store/sessions/external-sessions'
import { createPersonalToken } from '../../../src/store/sessions/personal-tokens'
import { openSession } from '../../../src/store/sessions/sessions'
import { addSigningKey } from '../../../src/store/signing-keys'
import { insertTokens, queueMessages } from '../../../src/store/statements'
import { BEFORE, NOW, newFlow, newIdentity, newMessage, newSession, newToken, newUser } from '../../support/accounts'

/** A UUID that is the same for the same name. @param copy makes one of its own for each of several equal operations */
export function id(name: string, copy = 0): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-0000000000${String(copy).padStart(2, '0')}`
}

export const ADA = newUser({
  id: id('ada'),
  email: 'ada@example.com',
  phone: '15551230000',
  encryptedPassword: 'old',
  emailConfirmedAt: BEFORE,
  emailChange: 'new@example.com',
  phoneChange: '15551239999',
  rawAppMetaData: { provider: 'email', providers: ['email', 'github'] },
})
export const EVE = newUser({ id: id('eve'), email: 'eve@example.com', rawUserMetaData: { by: 'eve' } })

const emailIdentity = newIdentity({
  id: id('email identity'),
  provider: 'email',
  userId: ADA.id,
  providerId: ADA.id,
})
export const githubIdentity = newIdentity({
  id: id('github identity'),
  provider: 'github',
  userId: ADA.id,
  providerId: '7',
  createdAt: BEFORE + 1,
})

export const session = (name: string, copy = 0) => {
  const made = newSession(ADA.id)
  // With it, everything is allowed.
  return { ...made, session: { ...made.session, id: id(name, copy), aal: 'aal2' as const } }
}
export const opaque = (kind: 'refresh' | 'access', name: string, familyId: string, copy = 0) => ({
  lookupId: id(name, copy),
  kind,
  familyId,
  tokenHash: '',
  createdAt: NOW,
  expiresAt: NOW + 1000,
  revokedAt: null,
})
export const factor = (name: string, given: Partial<Factor>): Factor => ({
  id: id(name),
  userId: ADA.id,
  friendlyName: name,
  factorType: 'totp',
  status: 'verified',
  secret: '',
  lastStep: -1,
  lastChallengedAt: null,
  phone: null,
  webAuthnAaguid: null,
  createdAt: BEFORE,
  updatedAt: BEFORE,
  ...given,
})
export const message = (name: string, copy = 0) => ({
  ...newMessage('ada@example.com'),
  id: id(name, copy),
  state: 'queued' as const,
  nextAttemptAt: BEFORE,
})
const event = (name: string, userId: string): NewEvent => ({
  id: id(name),
  destination: 'webhook',
  userId,
  type: 'user.updated',
  payload: '{}',
  createdAt: BEFORE,
  expiresAt: NOW + 1000,
})
export const token = (name: string, given: Parameters<typeof newToken>[0], copy = 0) =>
  newToken({ id: id(name, copy), tokenHash: id(name, copy), tokenPrefix: id(name, copy).slice(0, 8), ...given })
export const flow = (name: string, copy = 0) => ({ ...newFlow(ADA.id), id: id(name, copy) })
/** A code that continues the first session. */
export const continuation = (name: string, copy = 0) => ({
  ...newFlow(ADA.id),
  id: id(name, copy),
  userId: ADA.id,
  sessionId: id('first session'),
  aal: 'aal2' as const,
})
export const oauthState = (name: string, copy = 0): OAuthState => ({
  stateHash: id(name, copy),
  provider: 'github',
  browserHash: null,
  redirectTo: '',
  codeChallenge: null,
  codeChallengeMethod: null,
  upstreamVerifier: null,
  linkingUserId: null,
  linkingSessionId: null,
  inviteTokenId: null,
  invitedUserId: null,
  createdAt: NOW,
  usedAt: null,
})
export const passkey = (name: string, copy = 0): WebauthnCredential => ({
  id: id(name, copy),
  userId: ADA.id,
  factorId: null,
  credentialId: Buffer.from(id(name, copy)).toString('base64url'),
  publicKey: 'AAAA',
  signCount: 0,
  transports: [],
  aaguid: '00000000-0000-0000-0000-000000000000',
  backupEligible: false,
  backedUp: false,
  friendlyName: name,
  lastUsedAt: null,
  createdAt: BEFORE,
  updatedAt: BEFORE,
})
export const personalToken = (name: string, copy = 0) => ({
  id: id(name, copy),
  lookupId: id(name, copy),
  userId: ADA.id,
  name,
  tokenHash: '',
  createdAt: BEFORE,
  expiresAt: null,
  lastUsedAt: null,
})
export const externalSession = (name: string, copy = 0): ExternalSession => ({
  id: id(name, copy),
  lookupId: id(name, copy),
  tokenHash: '',
  server: 'elsewhere',
  externalId: '1',
  uid: 1,
  username: 'ada',
  email: 'ada@example.com',
  upstreamToken: '',
  createdAt: NOW,
  expiresAt: NOW,
})
export const provider = (name: string, copy = 0): CustomProvider => ({
  id: id(name, copy),
  providerType: 'oidc',
  identifier: `custom:${name}`,
  name,
  clientId: 'client',
  clientSecret: 'secret',
  acceptableClientIds: [],
  scopes: ['openid'],
  pkceEnabled: true,
  attributeMapping: {},
  customClaimsAllowlist: [],
  authorizationParams: {},
  enabled: true,
  emailOptional: false,
  issuer: 'https://id.example.com',
  discoveryUrl: null,
  skipNonceCheck: false,
  discoveryDocument: null,
  discoveredAt: null,
  authorizationUrl: null,
  tokenUrl: null,
  userinfoUrl: null,
  jwksUri: null,
  createdAt: BEFORE,
  updatedAt: BEFORE,
})
export const signingKey = (name: string, copy = 0) => ({
  kid: id(name, copy),
  alg: 'ES256',
  privateJwk: '{}',
  createdAt: BEFORE,
  signsFrom: null,
  revokedAt: null,
})
/** Everyone's audit entries are the same but for their ids. */
export const audit = (action: string, copy = 0) => [
  { id: id(`audit ${action}`, copy), payload: { action }, createdAt: NOW, ipAddress: '' },
]

/** Of all entries: the year is a number on SQLite, and a time on Postgres. */
export const seal = (seq: number): AuditSeal => ({
  seq,
  sealedAt: BEFORE,
  toAt: '9998-01-01',
  toId: id('last entry'),
  lastAt: BEFORE,
  members: '',
  late: '[]',
  mac: 'first',
})

const insertCode = statement(columnsOf(mfaRecoveryCodes), (db, p) => db.insert(mfaRecoveryCodes).values(p))
const insertChallenge = statement(columnsOf(mfaChallenges), (db, p) => db.insert(mfaChallenges).values(p))

export const challenge = (name: string, copy = 0) => ({
  id: id(name, copy),
  factorId: id('phone factor'),
  ipAddress: '',
  createdAt: BEFORE,
  verifiedAt: null,
  otpCodeHash: null,
  webAuthnChallenge: null,
})

export async function createWorld(engine: Engine): Promise<void> {
  await engine.write(async (tx) => {
    await createUser(tx, { user: ADA, identities: [emailIdentity, githubIdentity], audit: [] })
    await createUser(tx, { user: EVE, identities: [], audit: [] })
    await registerPasskey(tx, {
      credential: passkey('passkey'),
      acting: undefined,
      now: BEFORE,
      maxPasskeys: 9,
      audit: [],
    })
    for (const name of ['first session', 'second session'])
      await openSession(tx, { session: session(name), now: NOW, audit: [] })
    await insertTokens(tx, [opaque('refresh', 'opaque refresh', id('first session'))], 'aal1')
    await insertTokens(tx, [opaque('access', 'opaque access', id('second session'))], 'aal1')
    await createPersonalToken(tx, {
      token: personalToken('personal'),
      sessionId: id('first session'),
      max: 9,
      audit: [],
    })
    await addAuditSeal(tx, seal(1))
    await insertFactorIn(tx, factor('app', {}))
    await insertFactorIn(
      tx,
      factor('phone factor', { createdAt: BEFORE + 1, factorType: 'phone', phone: '15551230000' }),
    )
    await insertFactorIn(tx, factor('codes', { createdAt: BEFORE + 2, factorType: 'recovery_code' }))
    await insertFactorIn(tx, factor('unverified', { createdAt: BEFORE + 3, status: 'unverified' }))
    for (const codeHash of ['code 1', 'code 2'])
      await tx.run(insertCode, { factorId: id('codes'), codeHash, usedAt: null })
    await tx.run(insertChallenge, challenge('challenge'))
    await startCeremony(tx, { id: id('ceremony'), userId: null, challenge: 'x', expiresAt: NOW + 1, createdAt: NOW })
    const of = { userId: ADA.id, email: ADA.email }
    await tx.tokens.put(token('link', of))
    await tx.tokens.put(token('reset', { ...of, kind: 'password_reset' }))
    await tx.tokens.put(token('change', { ...of, kind: 'email_change', payload: 'new@example.com', codeHash: 'right' }))
    await tx.tokens.put(token('stranger', { email: 'grace@example.com', kind: 'signup' }))
    await startFlow(tx, flow('flow'))
    await issueAuthCode(tx, { flowId: id('flow'), hash: 'auth code' }, NOW)
    await startFlow(tx, flow('pending flow'))
    await startFlow(tx, continuation('continuation'))
    await issueAuthCode(tx, { flowId: id('continuation'), hash: 'continuation code' }, NOW)
    await putOAuthState(tx, oauthState('state'))
    await queueMessages(tx, [
      message('due'),
      message('also due'),
      { ...message('sent'), state: 'sent', nextAttemptAt: null },
    ])
    await queueEvents(tx, [event('due event', ADA.id), event('waiting event', ADA.id), event('other event', EVE.id)])
    await queueMatrixRegistration(tx, ADA.id, BEFORE)
    await openExternalSession(tx, { session: externalSession('external'), audit: [] })
    await addCustomProvider(tx, { provider: provider('acme'), max: 9, audit: [] })
    await addSigningKey(tx, signingKey('key'))
    await grantRole(tx, { userId: EVE.id, role: 'admin', now: BEFORE })
  })
}
