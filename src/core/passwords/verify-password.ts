/** Password verification, shared by every purpose. */
import { networkPrefix } from '../../lib/ip'
import type { User } from '../../store'
import type { Context } from '../kernel/context'
import { KNOWN_NETWORK_MS } from '../kernel/known-networks'
import type { Refund } from '../kernel/rate-limits'

interface PasswordAttempt {
  account: User | undefined
  /** Whether the account may sign in at all; if not, its password is not compared. */
  isEligible: boolean
  /** The identifier given by the client. */
  identifier: string
  password: string
}

/** @returns the hash that the password matches, as it is stored, or undefined */
export async function verifyPassword(context: Context, attempt: PasswordAttempt): Promise<string | undefined> {
  const { hash, refund } = await attemptPassword(context, attempt)
  if (hash !== undefined) await refund()
  return hash
}

/**
 * The only place where a password is verified: counted before it is checked, and with the same timing whether or not
 * the account exists.
 * @returns the matching hash as it is stored, or undefined; and a function that refunds the attempt
 */
export async function attemptPassword(
  context: Context,
  attempt: PasswordAttempt,
): Promise<{ hash: string | undefined; refund: Refund }> {
  const { store, limits, passwords, now, client } = context
  const { account, isEligible, identifier, password } = attempt
  const network = networkPrefix(client.ip)
  const since = now - KNOWN_NETWORK_MS
  const isKnownNetwork = await store.isKnownNetwork({ userId: account?.id ?? '', network, since })
  const refund = await limits.guess({ account: account?.id, identifier, ip: client.ip, isKnownNetwork })
  const stored = isEligible ? (account?.encryptedPassword ?? null) : null
  try {
    const hash = account && stored !== null ? openHash(context, account.id, stored) : null
    const isRight = await passwords.verify(password, hash)
    return { hash: isRight ? (stored ?? undefined) : undefined, refund }
  } catch (error) {
    // not checked, so not a guess
    await refund()
    throw error
  }
}

/** A hash that may have been encrypted by GoTrue, as JSON; no hash begins like JSON (docs/decisions.md#d36). */
const openHash = ({ sealer }: Context, userId: string, stored: string): string =>
  stored.startsWith('{') ? sealer.open(stored, `users.encrypted_password:${userId}`).toString() : stored
