/** Looking at a password that somebody gives, whatever for. */
import { neighbourhood } from '../../lib/ip'
import type { User } from '../../store'
import type { Client, Deps } from '../deps'
import { KNOWN_NETWORK_MS } from '../known-networks'

interface Proof {
  account: User | undefined
  /** Whether the account may be signed in to at all; where not, its password is not compared. */
  isEligible: boolean
  /** What was given to name the account. */
  identifier: string
  password: string
  client: Client
}

/** @returns the hash that a password belongs to, or undefined */
export async function provePassword(deps: Deps, proof: Proof): Promise<string | undefined> {
  const { hash, takeBack } = await guessPassword(deps, proof)
  if (hash !== undefined) takeBack()
  return hash
}

/**
 * The one place where a password is guessed at: counted before it is looked at, and in the same time whether or not
 * there is an account.
 * @returns the hash that it belongs to, or undefined; and what takes the guess back, where it was none
 */
export async function guessPassword(
  { store, clock, limits, passwords }: Deps,
  proof: Proof,
): Promise<{ hash: string | undefined; takeBack(): void }> {
  const { account, isEligible, identifier, password, client } = proof
  const network = neighbourhood(client.ip)
  const since = clock.now() - KNOWN_NETWORK_MS
  const isKnownNetwork = await store.isKnownNetwork({ userId: account?.id ?? '', network, since })
  const takeBack = limits.guess({ account: account?.id, identifier, ip: client.ip, isKnownNetwork })
  const hash = isEligible ? (account?.encryptedPassword ?? null) : null
  try {
    const isRight = await passwords.verify(password, hash)
    return { hash: isRight ? (hash ?? undefined) : undefined, takeBack }
  } catch (error) {
    // not looked at, so not a guess
    takeBack()
    throw error
  }
}
