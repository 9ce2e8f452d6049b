/** Usernames (docs/decisions.md#d6). */
import type { User } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

/** The default name of an account without one; no one may choose it. */
const BY_UID = /^u([1-9][0-9]{0,9})$/
/** Allowed usernames (docs/decisions.md#d6). */
const USERNAME = /^[a-z][a-z0-9._-]{2,31}$/
/** The largest uid: 32 bits. */
export const MAX_UID = 0xffffffff
/** Maximum length of an identifier; longer ones match no account. */
const MAX_IDENTIFIER = 255

type IdentifierKind = 'email' | 'uid' | 'username'

/** The kind of a sign-in identifier: with `@` an email address, all digits a uid, anything else a username. */
export function identifierKind(identifier: string): IdentifierKind {
  if (identifier.includes('@')) return 'email'
  return /^[0-9]+$/.test(identifier) ? 'uid' : 'username'
}

/** A normalized username. @throws {Refusal} also for the default name of an account */
export function normalizeUsername(text: string): string {
  const username = text.toLowerCase()
  if (!USERNAME.test(username) || BY_UID.test(username)) throw new Refusal('username_malformed')
  return username
}

/** The username of an account, or its default name. */
export const usernameOf = ({ username, uid }: Pick<User, 'username' | 'uid'>): string => username ?? `u${uid}`

/** The identifiers that a sign-in accepts. */
export type Identifiers = 'any' | 'email_or_username' | 'phone'

/** @param text for a phone number: as `comparablePhone` returns it */
export async function findByIdentifier(
  { store }: Pick<Context, 'store'>,
  text: string,
  accepted: Identifiers = 'any',
): Promise<User | undefined> {
  const identifier = text.toLowerCase()
  if (identifier.length > MAX_IDENTIFIER) return undefined
  if (accepted === 'phone') return store.findUserByPhone(identifier)
  const kind = identifierKind(identifier)
  if (kind === 'email') return store.findUserByEmail(identifier)
  const uid = kind === 'uid' ? identifier : BY_UID.exec(identifier)?.[1]
  if (uid === undefined || accepted === 'email_or_username') return store.findUserByUsername(identifier)
  const number = Number(uid)
  const found = number <= MAX_UID ? await store.findUserByUid(number) : undefined
  return kind === 'username' && found?.username !== null ? undefined : found
}

/** A user's display name, by the keys that applications use. */
export function displayName({ display_name, full_name, name }: Record<string, unknown>): string {
  const found = [display_name, full_name, name].find((each) => typeof each === 'string')
  return typeof found === 'string' ? found : ''
}
