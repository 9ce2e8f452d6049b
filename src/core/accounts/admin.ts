/** Operations of administrators on other accounts (`/admin/users`). */
import { providersMetadata } from '../../lib/account-metadata'
import { parseDuration } from '../../lib/duration'
import { mergeMetadata } from '../../lib/json'
import { NIL_UUID, parseUuid } from '../../lib/uuid'
import type { Account, Identity, User } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Admin } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { requireStrongPassword } from '../passwords/password-strength'
import { isTooLong } from '../passwords/passwords'
import { normalizeUsername } from '../users/usernames'
import {
  contactIdentity,
  newUser,
  normalizeEmail,
  normalizePhone,
  requireMetadataWithinLimit,
  requireShortClaim,
  storableAppMetadata,
  storableMetadata,
} from '../users/users'
import { type ChangedAccount, scrubHash } from './account'

/**
 * Length of the random password of an account created without one. The password is neither stored in plaintext nor
 * shown, so it cannot be used.
 */
const RANDOM_PASSWORD_LENGTH = 64

export interface UserInput {
  id?: string | undefined
  aud?: string | undefined
  role?: string | undefined
  email?: string | undefined
  phone?: string | undefined
  username?: string | undefined
  password?: string | undefined
  passwordHash?: string | undefined
  confirmEmail: boolean
  confirmPhone: boolean
  userMetadata?: Record<string, unknown> | undefined
  appMetadata?: Record<string, unknown> | undefined
  /** A Go duration, or `none`. */
  banDuration?: string | undefined
}

/** Creates an account directly: nothing is mailed, and the password rules do not apply. */
export async function createUser(
  context: Context,
  { admin, given, audience }: { admin: Admin; given: UserInput; audience: string },
): Promise<Account> {
  const { random, store } = context
  const { email, phone, username } = identifiersOf(given)
  if (email && (await store.findUserByEmail(email))) throw new Refusal('email_taken')
  if (phone && (await store.findUserByPhone(phone))) throw new Refusal('phone_taken_by_another')
  const encryptedPassword = await initialPassword(context, given)
  const current = withCurrentTime(context)
  const { now } = current
  const id = requestedId(given.id) ?? random.uuid()
  const bannedUntil = banEnd(given.banDuration, now)
  const isConfirmed = (email !== undefined && given.confirmEmail) || (phone !== undefined && given.confirmPhone)
  const identities: Identity[] = []
  if (email) identities.push(contactIdentity(current, id, 'email', { email }))
  if (phone) identities.push(contactIdentity(current, id, 'phone', { phone }))
  const metadata = initialMetadata(
    given,
    identities.map(({ provider }) => provider),
  )
  const user = newUser(current, {
    id,
    aud: given.aud || audience,
    encryptedPassword,
    username,
    ...(given.role && { role: given.role }),
    ...(email && { email }),
    ...(phone && { phone }),
    ...(email && given.confirmEmail && { emailConfirmedAt: now }),
    ...(phone && given.confirmPhone && { phoneConfirmedAt: now }),
    ...(bannedUntil !== undefined && { bannedUntil }),
    rawAppMetaData: metadata.app,
    rawUserMetaData: metadata.user,
    ...(!isConfirmed && { isAdminCreated: true, isPasswordFromAdmin: true }),
  })
  const audit = [
    auditEntry(current, 'user_signedup', actorOf(admin), {
      user_id: id,
      ...(email && { user_email: email }),
      ...(phone && { user_phone: phone }),
    }),
  ]
  const created = await store.createUser({ user, identities, audit })
  switch (created.outcome) {
    case 'created':
      return created.account
    case 'email_taken':
      throw new Refusal('email_taken')
    case 'phone_taken':
      throw new Refusal('phone_taken_by_another')
    case 'username_taken':
      throw new Refusal('username_taken')
    case 'id_taken':
    case 'identity_taken':
      throw new Refusal('id_taken')
  }
}

interface Identifiers {
  email: string | undefined
  phone: string | undefined
  username: string | null
}

/** @throws {Refusal} if one of them is malformed */
function identifiersOf(given: UserInput): Identifiers {
  if (!given.email && !given.phone) throw new Refusal('account_without_email_or_phone')
  requireShortClaim('role', given.role)
  requireShortClaim('aud', given.aud)
  return {
    email: given.email ? normalizeEmail(given.email) : undefined,
    phone: given.phone ? normalizePhone(given.phone) : undefined,
    username: given.username === undefined ? null : normalizeUsername(given.username),
  }
}

function initialMetadata({ email, confirmEmail, appMetadata = {}, userMetadata }: UserInput, providers: string[]) {
  return requireMetadataWithinLimit({
    app: mergeMetadata(providersMetadata(providers), storableAppMetadata(appMetadata)),
    user: storableMetadata({ ...userMetadata, ...(email && confirmEmail && { email_verified: true }) }),
  })
}

/**
 * Checks a new account as far as that is possible without other accounts.
 * @returns its identifiers as they are stored
 * @throws {Refusal} as `createUser` does
 */
export function checkNewUser(
  { passwords, now }: Pick<Context, 'passwords' | 'now'>,
  given: UserInput,
): Identifiers & { id: string | undefined } {
  const identifiers = identifiersOf(given)
  requireUsablePassword(passwords, given)
  banEnd(given.banDuration, now)
  const { email, phone } = identifiers
  initialMetadata(given, [...(email ? ['email'] : []), ...(phone ? ['phone'] : [])])
  return { ...identifiers, id: requestedId(given.id) }
}

/**
 * Changes an account. A new password ends its sessions.
 * @returns the account as GoTrue returns it: identities that existed before are shown unchanged
 */
export async function updateUser(
  context: Context,
  { admin, id, given }: { admin: Admin; id: string; given: UserInput },
): Promise<ChangedAccount> {
  const { store, passwords } = context
  const before = await requireAccount(context, id)
  requireShortClaim('role', given.role)
  const email = given.email ? normalizeEmail(given.email) : undefined
  const phone = given.phone ? normalizePhone(given.phone) : undefined
  if (given.password !== undefined) await requireStrongPassword(context, given.password)
  const isUnconfirmed = before.user.confirmedAt === null
  const encryptedPassword = given.password === undefined ? undefined : await passwords.hash(given.password)
  const current = withCurrentTime(context)
  const { now } = current
  const bannedUntil = banEnd(given.banDuration, now)
  const identities: Identity[] = []
  if (email) identities.push(contactIdentity(current, id, 'email', { email, email_verified: given.confirmEmail }))
  if (phone) identities.push(contactIdentity(current, id, 'phone', { phone, phone_verified: given.confirmPhone }))
  const changed = await store.updateUserAsAdmin({
    id,
    now,
    set: {
      ...(given.role && { role: given.role }),
      ...(email && { email }),
      ...(phone && { phone }),
      ...(bannedUntil !== undefined && { bannedUntil }),
      ...(isUnconfirmed && { adminUserMetaData: adminMetadata(before.user, given) }),
    },
    encryptedPassword,
    confirms: { email: given.confirmEmail, phone: given.confirmPhone },
    userMetaData: storableMetadata({ ...given.userMetadata, ...(given.confirmEmail && { email_verified: true }) }),
    appMetaData: given.appMetadata && storableAppMetadata(given.appMetadata),
    identities,
    audit: [auditEntry(current, 'user_modified', actorOf(admin), { user_id: id, changed: changedBy(given) })],
  })
  switch (changed.outcome) {
    case 'changed': {
      const isNew = ({ id: made }: Identity) => !before.identities.some((each) => each.id === made)
      return {
        isJustConfirmed: before.user.confirmedAt === null && changed.account.user.confirmedAt !== null,
        user: changed.account.user,
        identities: [...before.identities, ...changed.account.identities.filter(isNew)],
        factors: changed.account.factors,
      }
    }
    case 'user_gone':
      throw new Refusal('user_unknown')
    case 'phone_taken':
      throw new Refusal('phone_taken_by_another')
    case 'email_taken':
    case 'metadata_too_large':
      throw new Refusal(changed.outcome)
  }
}

/** The names of what is given, as clients send them, without the values: they may be secrets. */
function changedBy(given: UserInput): string[] {
  const changes = {
    role: given.role,
    email: given.email,
    phone: given.phone,
    password: given.password,
    email_confirm: given.confirmEmail || undefined,
    phone_confirm: given.confirmPhone || undefined,
    user_metadata: given.userMetadata,
    app_metadata: given.appMetadata,
    ban_duration: given.banDuration,
  }
  return Object.entries(changes).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [name]))
}

export async function requireAccount({ store }: Context, id: string): Promise<Account> {
  const account = await store.findAccount(id)
  if (!account) throw new Refusal('user_unknown')
  return account
}

/** @param isSoft keeps the row, with all identifying values replaced */
export async function deleteUser(
  context: Context,
  { admin, id, isSoft }: { admin: Admin; id: string; isSoft: boolean },
): Promise<void> {
  const audit = [auditEntry(context, 'user_deleted', actorOf(admin), { user_id: id })]
  const existed = isSoft
    ? await context.store.softDeleteUser({ id, now: context.now, scrub: (value) => scrubHash(id, value), audit })
    : await context.store.deleteUser({ id, audit })
  if (!existed) throw new Refusal('user_unknown')
}

/**
 * Metadata of an unconfirmed account that is kept when its owner confirms it: the metadata added by administrators,
 * without the metadata of a sign-up with a password. A sign-up by code has no password, so its metadata is kept along
 * with the metadata from administrators.
 */
function adminMetadata({ encryptedPassword, rawUserMetaData, adminUserMetaData }: User, given: UserInput) {
  const isFirstPassword = given.password !== undefined && encryptedPassword === null
  return mergeMetadata(
    isFirstPassword ? rawUserMetaData : adminUserMetaData,
    storableMetadata(given.userMetadata ?? {}),
  )
}

const actorOf = ({ role, user }: Admin) => user ?? role

async function initialPassword({ passwords, random }: Context, given: UserInput): Promise<string> {
  requireUsablePassword(passwords, given)
  const { password, passwordHash } = given
  return passwordHash || passwords.hash(password || random.bytes(RANDOM_PASSWORD_LENGTH / 2).toString('hex'))
}

function requireUsablePassword(passwords: Context['passwords'], { password, passwordHash }: UserInput): void {
  if (password !== undefined && passwordHash) throw new Refusal('password_and_hash')
  if (passwordHash && !passwords.accepts(passwordHash)) throw new Refusal('password_hash_unknown')
  if (password && isTooLong(password)) throw new Refusal('password_too_long')
}

function requestedId(text: string | undefined): string | undefined {
  if (!text) return undefined
  const id = parseUuid(text)
  if (id === undefined) throw new Refusal('id_malformed')
  if (id === NIL_UUID) throw new Refusal('id_nil')
  return id
}

/** @returns the end of the ban in Unix milliseconds, null for none, undefined if not given */
function banEnd(duration: string | undefined, now: number): number | null | undefined {
  if (!duration) return undefined
  if (duration === 'none') return null
  const ms = parseDuration(duration)
  if (ms === undefined) throw new Refusal('ban_duration_malformed', { detail: duration })
  return Math.round(now + ms)
}
