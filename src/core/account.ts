/** What users may see and change of their own account (contract 1.6). */
import { createHash } from 'node:crypto'
import type { Account, Identity, UserChange } from '../store'
import { type Action, auditEntry } from './audit'
import type { Client, Deps } from './deps'
import { type Caller, requireAudience } from './identify'
import { requireStrong } from './passwords'
import { Refusal } from './refusal'
import { provePassword } from './sign-in'
import { normaliseEmail, normalisePhone, ownIdentity, storableMetadata } from './users'

/** The caller's account. @throws {Refusal<'audience_mismatch'>} */
export async function getAccount(
  deps: Deps,
  { caller, audience }: { caller: Caller; audience: string | undefined },
): Promise<Account> {
  requireAudience(deps, audience, caller)
  return { user: caller.user, identities: await deps.store.findIdentities(caller.user.id) }
}

export interface AccountChange {
  email?: string | undefined
  phone?: string | undefined
  password?: string | undefined
  currentPassword?: string | undefined
  data?: Record<string, unknown> | undefined
  appMetadata?: Record<string, unknown> | undefined
}

export interface ChangedAccount extends Account {
  /** Whether this change is what confirmed the user. */
  isJustConfirmed: boolean
}

/**
 * Changes the caller's account. A new password ends every other session.
 * @throws {Refusal} in the order of contract 1.6
 */
export async function updateAccount(
  deps: Deps,
  { caller, change, client }: { caller: Caller; change: AccountChange; client: Client },
): Promise<ChangedAccount> {
  const { policy, store, clock, limits } = deps
  const { user, session } = caller
  limits.request('userChanges', client.ip)
  const wanted = wantedContacts(caller, change)
  const data = change.data && storableMetadata(change.data)
  const appMetadata = change.appMetadata && storableMetadata(change.appMetadata)
  if (change.password !== undefined) requireStrong(policy, change.password)
  if (change.appMetadata && !(user.role === policy.adminGroup && user.aud === policy.audience))
    throw new Refusal('app_metadata_reserved')
  if (change.password !== undefined && user.isAnonymous && !wanted.email && !wanted.phone)
    throw new Refusal('password_of_anonymous_user')
  await requireFree(deps, wanted)
  // All that can be refused comes before the password is looked at: a refusal afterwards would tell whether it was right.
  const contacts = confirmedContacts(deps, caller, wanted, clock.now())
  const password = change.password === undefined ? undefined : await newPassword(deps, caller, change, client)
  const now = clock.now()
  const action: Action = password === undefined ? 'user_modified' : 'user_updated_password'
  const changed = await store.changeUser({
    id: user.id,
    now,
    set: { ...contacts.set, ...(password !== undefined && { encryptedPassword: password }) },
    mergeUserMetaData: { ...data, ...contacts.metadata },
    mergeAppMetaData: appMetadata,
    identities: contacts.identities,
    actor: { sessionId: session?.id },
    ...(password !== undefined && { provenPassword: user.encryptedPassword, endSessions: { keep: session?.id } }),
    audit: [auditEntry(deps, now, action, user)],
  })
  switch (changed.outcome) {
    case 'changed':
      return { ...changed.account, isJustConfirmed: contacts.set.isAnonymous === false && user.confirmedAt === null }
    case 'password_changed_meanwhile':
      throw new Refusal('current_password_wrong')
    case 'id_taken':
      throw new Error('an account changed its id')
    default:
      throw new Refusal(changed.outcome)
  }
}

/** Deletes the caller's account: its address is free again, and every session of it is over (supabase-additions.md). */
export async function deleteAccount(deps: Deps, { caller }: { caller: Caller }): Promise<void> {
  const { id } = caller.user
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'user_deleted', caller.user, { user_id: id })]
  await deps.store.softDeleteUser({ id, now, scrub: (value) => scrubbed(id, value), audit })
}

/** What stands in place of an address once its account is deleted: as GoTrue, base64url of SHA-256 over the id and it. */
export function scrubbed(userId: string, value: string): string {
  return createHash('sha256')
    .update(userId + value)
    .digest('base64url')
}

interface Contacts {
  email: string | undefined
  phone: string | undefined
}

/** The address and number that differ from the present ones; an empty one asks for nothing. */
function wantedContacts({ user }: Caller, change: AccountChange): Contacts {
  const email = change.email ? normaliseEmail(change.email) : undefined
  const phone = change.phone ? normalisePhone(change.phone) : undefined
  return { email: email === user.email ? undefined : email, phone: phone === user.phone ? undefined : phone }
}

async function requireFree({ store }: Deps, { email, phone }: Contacts): Promise<void> {
  if (email && (await store.findUserByEmail(email))) throw new Refusal('email_taken')
  if (phone && (await store.findUserByPhone(phone))) throw new Refusal('phone_taken')
}

/** Checks what must be known before a new password is set. @returns its hash */
async function newPassword(
  deps: Deps,
  { user }: Caller,
  { password = '', currentPassword = '' }: AccountChange,
  client: Client,
): Promise<string> {
  const { policy, passwords } = deps
  const proves = async (guess: string) =>
    (await provePassword(deps, { account: user, isEligible: true, identifier: user.id, password: guess, client })) !==
    undefined
  if (user.encryptedPassword !== null && policy.password.requireCurrent) {
    if (currentPassword === '') throw new Refusal('current_password_missing')
    if (!(await proves(currentPassword))) throw new Refusal('current_password_wrong')
  }
  if (user.encryptedPassword !== null && (await proves(password))) throw new Refusal('password_unchanged')
  return passwords.hash(password)
}

interface ConfirmedContacts {
  set: UserChange['set']
  metadata: { email_verified?: boolean }
  identities: Identity[]
}

/** New contacts that count as confirmed at once: an anonymous user's first address, and numbers, where so configured. */
function confirmedContacts(deps: Deps, { user }: Caller, { email, phone }: Contacts, now: number): ConfirmedContacts {
  const { signup } = deps.policy
  if (email && !(user.isAnonymous && signup.confirmsEmail)) throw new Refusal('email_change_mail_failed')
  if (phone && !signup.confirmsPhone) throw new Refusal('sms_unavailable')
  return {
    set: {
      ...(email && { email, emailConfirmedAt: now }),
      ...(phone && { phone, phoneConfirmedAt: now }),
      ...((email || phone) && { isAnonymous: false }),
    },
    metadata: email ? { email_verified: true } : {},
    identities: [
      ...(email ? [ownIdentity(deps, now, user.id, 'email', { email, email_verified: true })] : []),
      ...(phone ? [ownIdentity(deps, now, user.id, 'phone', { phone, phone_verified: true })] : []),
    ],
  }
}
