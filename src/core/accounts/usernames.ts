/** Names to sign in with (settled 6). */
import type { User } from '../../store'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'

/** What an account without a name of its own goes by; nobody may choose another's. */
const BY_UID = /^u([1-9][0-9]{0,9})$/
/** What an account can be named (settled 6). */
const USERNAME = /^[a-z][a-z0-9._-]{2,31}$/
/** Longest address there can be; what is longer belongs to nobody. */
const MAX_IDENTIFIER = 255

type IdentifierKind = 'email' | 'uid' | 'username'

/** What somebody calls themselves at sign-in: with `@` an address, all digits a uid, anything else a username. */
export function identifierKind(identifier: string): IdentifierKind {
  if (identifier.includes('@')) return 'email'
  return /^[0-9]+$/.test(identifier) ? 'uid' : 'username'
}

/**
 * A name in the form in which it is stored and compared.
 * @throws {Refusal<'username_malformed'>} also where it is what an account without a name goes by
 */
export function normaliseUsername(text: string): string {
  const username = text.toLowerCase()
  if (!USERNAME.test(username) || BY_UID.test(username)) throw new Refusal('username_malformed')
  return username
}

/** The name of an account, or what it goes by without one. */
export const usernameOf = ({ username, uid }: Pick<User, 'username' | 'uid'>): string => username ?? `u${uid}`

export async function findByIdentifier({ store }: Pick<Deps, 'store'>, text: string): Promise<User | undefined> {
  const identifier = text.toLowerCase()
  if (identifier.length > MAX_IDENTIFIER) return undefined
  const kind = identifierKind(identifier)
  if (kind === 'email') return store.findUserByEmail(identifier)
  const uid = kind === 'uid' ? identifier : BY_UID.exec(identifier)?.[1]
  if (uid === undefined) return store.findUserByUsername(identifier)
  const number = Number(uid)
  const found = number <= 0xffffffff ? await store.findUserByUid(number) : undefined
  return kind === 'username' && found?.username !== null ? undefined : found
}
