/** Passkeys: sign-in with an authenticator alone (`/passkeys`). */
import { isExpired } from '../../lib/time'
import { isUuid } from '../../lib/uuid'
import type { User, WebauthnCredential } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf, type Caller, forbidPersonalToken, requestSessionOf } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAccount, noteAttempt } from '../kernel/request-facts'
import { type IssuedSession, issueFirstTokens, newSession } from '../sessions/issue-tokens'
import { needsSecondFactor } from '../users/second-factor-status'
import {
  type CeremonyOptions,
  type CredentialJson,
  creationOptions,
  newChallenge,
  requestOptions,
  userHandle,
  verifyAssertion,
  verifyRegistration,
} from './webauthn'

export const MAX_PASSKEY_NAME_BYTES = 120

export interface Ceremony {
  challengeId: string
  options: CeremonyOptions
  /** Unix milliseconds. */
  expiresAt: number
}

interface PasskeyResponse {
  challengeId: string | undefined
  credential: CredentialJson | undefined
}

/** Starts the registration of a passkey. */
export async function beginPasskeyRegistration(context: Context, { caller }: { caller: Caller }): Promise<Ceremony> {
  context.limits.request('passkeyRegistrations', context.client.ip)
  const user = await requireRegistrant(context, caller)
  const present = await passkeysOf(context, user.id)
  if (present.length >= context.policy.passkeys.max) throw new Refusal('passkeys_too_many')
  const challenge = newChallenge(context)
  const options = creationOptions(context, { user, challenge, present, asPasskey: true })
  return startCeremony(context, { userId: user.id, challenge, options })
}

/** Registers the passkey created by the caller's authenticator. */
export async function finishPasskeyRegistration(
  context: Context,
  { caller, ...answer }: PasskeyResponse & { caller: Caller },
): Promise<WebauthnCredential> {
  const user = await requireRegistrant(context, caller)
  const { challenge, credential } = await consumeChallenge(context, answer, user.id)
  const check = { challenge, credential, needsUserVerification: true }
  const made = await withPasskeyReasons(() => verifyRegistration(context, { ...check, user, factorId: null }))
  const outcome = await context.store.registerPasskey({
    credential: made,
    maxPasskeys: context.policy.passkeys.max,
    acting: caller.session && requestSessionOf(caller.session),
    now: context.now,
    audit: [auditEntry(context, 'passkey_created', user, { passkey_id: made.id })],
  })
  if (outcome !== 'registered') throw new Refusal(outcome)
  return made
}

/** Starts a sign-in; the passkey identifies the user. */
export async function beginPasskeySignIn(context: Context): Promise<Ceremony> {
  requirePasskeys(context)
  context.limits.request('passkeys', context.client.ip)
  const challenge = newChallenge(context)
  return startCeremony(context, { userId: null, challenge, options: requestOptions(context, { challenge }) })
}

/** Signs in with a passkey. User verification is required, because the passkey replaces the password. */
export async function signInWithPasskey(context: Context, answer: PasskeyResponse): Promise<IssuedSession> {
  const { store, now, client } = context
  requirePasskeys(context)
  noteAttempt(context, 'passkey')
  context.limits.request('passkeys', client.ip)
  const { challenge, credential } = await consumeChallenge(context, answer, null)
  const found = typeof credential.id === 'string' ? await store.findPasskey(credential.id) : undefined
  if (!found) throw new Refusal('passkey_wrong')
  const { passkey, user } = found
  noteAccount(context, user.id)
  const { userHandle: handle } = (credential.response ?? {}) as { userHandle?: unknown }
  if (handle !== userHandle(user)) throw new Refusal('passkey_handle_wrong')
  const check = { challenge, credential, needsUserVerification: true }
  const used = await withPasskeyReasons(() => verifyAssertion(context, { ...check, known: passkey }))
  requireConfirmed(user)
  const session = newSession(context, user.id, 'passkey')
  const audit = [auditEntry(context, 'login', user, { provider: 'passkey', passkey_id: passkey.id })]
  const signedIn = await store.openSession({ session: session.row, now, passkey: used, audit })
  switch (signedIn.outcome) {
    case 'opened':
      return issueFirstTokens(context, signedIn.opened, session)
    case 'user_banned':
      throw new Refusal('user_banned')
    default:
      throw new Refusal('passkey_wrong')
  }
}

/** Oldest first. */
export async function listPasskeys(context: Context, { caller }: { caller: Caller }): Promise<WebauthnCredential[]> {
  requirePasskeys(context)
  return passkeysOf(context, requireOwner(caller).id)
}

export async function renamePasskey(
  context: Context,
  { caller, id, friendlyName }: { caller: Caller; id: string; friendlyName: string },
): Promise<WebauthnCredential> {
  requirePasskeys(context)
  const user = requireOwner(forbidPersonalToken(caller))
  requireId(id)
  if (friendlyName === '') throw new Refusal('passkey_name_missing')
  if (Buffer.byteLength(friendlyName) > MAX_PASSKEY_NAME_BYTES) throw new Refusal('passkey_name_too_long')
  const renamed = await context.store.renamePasskey({
    userId: user.id,
    id: id.toLowerCase(),
    friendlyName,
    now: context.now,
    audit: [auditEntry(context, 'passkey_updated', user, { passkey_id: id })],
  })
  if (!renamed) throw new Refusal('passkey_unknown')
  return renamed
}

export async function deletePasskey(context: Context, { caller, id }: { caller: Caller; id: string }): Promise<void> {
  requirePasskeys(context)
  const user = requireOwner(forbidPersonalToken(caller))
  requireId(id)
  if (await needsSecondFactor(context, caller)) throw new Refusal('aal_too_low_for_passkeys')
  const audit = [auditEntry(context, 'passkey_deleted', user, { passkey_id: id })]
  const isDeleted = await context.store.deletePasskey({ userId: user.id, id: id.toLowerCase(), audit })
  if (!isDeleted) throw new Refusal('passkey_unknown')
}

export async function listPasskeysOf(context: Context, userId: string): Promise<WebauthnCredential[]> {
  requirePasskeys(context)
  if (!(await context.store.findUser(userId))) throw new Refusal('user_unknown')
  return passkeysOf(context, userId)
}

export async function deletePasskeyOf(
  context: Context,
  { admin, userId, id }: { admin: Admin; userId: string; id: string },
): Promise<void> {
  requirePasskeys(context)
  requireId(id)
  const audit = [
    auditEntry(context, 'passkey_deleted', actorOf(admin), {
      passkey_id: id,
      user_id: userId,
    }),
  ]
  const isDeleted = await context.store.deletePasskey({ userId, id: id.toLowerCase(), audit })
  if (!isDeleted) throw new Refusal('passkey_unknown')
}

/** A user's passkeys, oldest first. The credentials of security keys as second factors are not among them. */
export async function passkeysOf({ store }: Pick<Context, 'store'>, userId: string): Promise<WebauthnCredential[]> {
  return (await store.listCredentials(userId)).filter(({ factorId }) => factorId === null)
}

function requirePasskeys({ policy }: Context): void {
  if (!policy.passkeys.enabled) throw new Refusal('passkeys_off')
}

function requireOwner({ user }: Caller): User {
  if (user.isAnonymous) throw new Refusal('anonymous_not_allowed')
  return user
}

async function requireRegistrant(context: Context, caller: Caller): Promise<User> {
  requirePasskeys(context)
  const user = requireOwner(forbidPersonalToken(caller))
  if (user.isSsoUser) throw new Refusal('passkey_of_sso_user')
  if (await needsSecondFactor(context, caller)) throw new Refusal('aal_too_low_for_passkeys')
  return user
}

function requireId(id: string): void {
  if (!isUuid(id)) throw new Refusal('passkey_unknown')
}

function requireConfirmed({ email, emailConfirmedAt, phone, phoneConfirmedAt }: User): void {
  if (emailConfirmedAt !== null || phoneConfirmedAt !== null) return
  if (email !== null) throw new Refusal('passkey_email_unconfirmed')
  if (phone !== null) throw new Refusal('passkey_phone_unconfirmed')
}

async function startCeremony(
  { store, random, policy, now }: Context,
  { userId, challenge, options }: { userId: string | null; challenge: string; options: CeremonyOptions },
): Promise<Ceremony> {
  const challengeId = random.uuid()
  const expiresAt = now + policy.webauthn.challengeMs
  await store.startCeremony({ id: challengeId, userId, challenge, expiresAt, createdAt: now })
  return { challengeId, options, expiresAt }
}

/** Consumes the challenge before anything else is checked, so that it is answered only once. */
async function consumeChallenge(
  { store, now }: Context,
  { challengeId, credential }: PasskeyResponse,
  userId: string | null,
) {
  if (!challengeId) throw new Refusal('passkey_challenge_missing')
  if (!credential) throw new Refusal('passkey_credential_missing')
  if (!isUuid(challengeId)) throw new Refusal('passkey_challenge_malformed')
  const taken = await store.consumeCeremony({ id: challengeId.toLowerCase(), userId })
  if (!taken) throw new Refusal('passkey_challenge_unknown')
  if (isExpired(taken, now)) throw new Refusal('passkey_challenge_expired')
  return { challenge: taken.challenge, credential }
}

/** Translates the refusals of credential checks into the reasons for passkeys. */
async function withPasskeyReasons<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    const reason = error instanceof Refusal ? error.reason : undefined
    if (reason === 'factor_credential_wrong') throw new Refusal('passkey_wrong')
    throw reason === 'credential_malformed' ? new Refusal('passkey_credential_malformed') : error
  }
}
