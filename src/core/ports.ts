/** What the core needs from the world, in its own words. Adapters implement these; tests set their own. */

export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Milliseconds since some fixed moment; never set back, so limits and deadlines count with it. */
  monotonic(): number
}

export interface Random {
  /** A version 4 UUID, lower-case (RFC 9562 §5.4). */
  uuid(): string
  bytes(length: number): Buffer
}

/** Slow password hashes. Work of this kind runs off the event loop; how much at once is for `passwords.ts` to say. */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  /** False as well where the hash is of no known form. */
  verify(password: string, hash: string): Promise<boolean>
  /** Whether `verify` can ever succeed with this hash: its form is known and its cost within bounds. */
  accepts(hash: string): boolean
  /** Whether a new hash of the same password would be made differently. */
  isOutdated(hash: string): boolean
  /** A hash of nothing, as costly to verify as those `hash` makes. */
  decoy: string
}

/** Encrypts what the database must give back but a copy of it must not reveal. */
export interface Sealer {
  /** Names the key, so that the wrong one is noticed at start. */
  keyId: string
  /** @param place where the value is kept, as `table.column:rowId`; it opens nowhere else */
  seal(plain: Uint8Array, place: string): string
  /** @throws where the text was sealed elsewhere, with another key, or changed since */
  open(sealed: string, place: string): Buffer
}
