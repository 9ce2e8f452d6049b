/**
 * Where verification tokens are kept: in the database, or in memory for servers whose tokens may die with them. Both are
 * used from within the transaction that makes or spends a token.
 */
import type { VerificationToken } from '../schema'

export type Address = { email: string } | { phone: string }

/** What is kept outside the database and still takes part in its transactions. */
export interface Journal {
  /** How much was changed since the last commit. */
  mark(): number
  /** Takes back what was changed since a mark. */
  undoTo(mark: number): void
  /** Keeps what was changed: it was committed. */
  keep(): void
}

export interface VerificationBackend {
  put(token: VerificationToken): Promise<void>
  get(id: string): Promise<VerificationToken | undefined>
  /** Every token, used or not, whose plaintext begins so. */
  byPrefix(prefix: string): Promise<VerificationToken[]>
  /** Tokens for an address that are not used yet. */
  pendingFor(address: Address): Promise<VerificationToken[]>
  pendingOf(userId: string): Promise<VerificationToken[]>
  /** Uses a token up. @returns false where that happened before */
  markConsumed(id: string, now: number): Promise<boolean>
  /** Counts a wrong code. */
  countAttempt(id: string): Promise<void>
  /** Forgets some of what expired before that instant. @returns how many; 0 once none is left */
  purgeExpired(before: number): Promise<number>
}
