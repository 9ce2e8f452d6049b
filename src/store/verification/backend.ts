/**
 * Storage of verification tokens: the database, or memory for servers whose tokens may be lost. Both are used inside
 * the transaction that creates or consumes a token.
 */
import type { VerificationKind, VerificationToken } from '../schema'

export type TokenAddress = { email: string } | { phone: string }

/** State outside the database that takes part in its transactions. */
export interface Journal {
  /** Number of changes since the last commit. */
  mark(): number
  /** Undoes the changes since a mark. */
  undoTo(mark: number): void
  /** Keeps the changes: they were committed. */
  keep(): void
}

export interface VerificationBackend {
  put(token: VerificationToken): Promise<void>
  get(id: string): Promise<VerificationToken | undefined>
  /** Every token, used or not, with that plaintext prefix. */
  byPrefix(prefix: string): Promise<VerificationToken[]>
  /** Unused tokens for an address. */
  pendingFor(address: TokenAddress): Promise<VerificationToken[]>
  pendingOf(userId: string): Promise<VerificationToken[]>
  /** Consumes a token. @returns false if it was already consumed */
  markConsumed(id: string, now: number): Promise<boolean>
  /** Deletes a token that was not consumed. @returns false if it was */
  withdraw(id: string): Promise<boolean>
  /** Makes a token pending again that was consumed at that time. */
  restore(id: string, consumedAt: number): Promise<void>
  /** Whether a token of the user is pending, or was consumed after that time. */
  hasNewer(userId: string, after: number): Promise<boolean>
  /** Counts a wrong code. */
  countAttempt(id: string): Promise<void>
  /** Deletes a user's tokens of these kinds, or of all, that another server on the database created. */
  discardOthers?(userId: string, kinds?: readonly VerificationKind[]): Promise<void>
  /** Deletes some of the tokens that expired before that time. @returns how many; 0 if there are none left */
  purgeExpired(before: number): Promise<number>
}
