/** Services of the server, which live as long as it does. Each is implemented next to the code that it belongs to. */
import type { JsonObject } from '../../lib/json'
import type { CountKind } from '../../store'

/** Claims of a token with a valid signature and times; nothing else has been checked. */
export type VerifiedClaims = Record<string, unknown>

/** The keys of access tokens (`tokens/jwt.ts`). */
export interface Keyring {
  /** @param claims in the order of the payload */
  sign(claims: JsonObject): Promise<string>
  /** Signs tokens that outlive key rotation: with the secret, if HS256 is accepted. */
  signWithSecret(claims: JsonObject): Promise<string>
  /** @throws {Refusal} whose detail is GoTrue's error text */
  verify(token: string, nowMs: number): Promise<VerifiedClaims>
  /** Public halves of the asymmetric keys (RFC 7517), members in alphabetical order; a shared secret has none. */
  readonly publicKeys: JsonObject[]
  /** Replaces the keys other than the secret atomically; running requests see the old or the new ones. */
  replaceKeys(keys: readonly RingKey[]): Promise<void>
  /** Called before a token with an unknown key is refused; the key may be new in the database. */
  onUnknownKey(look: () => Promise<unknown>): void
}

/** A private JWK, and whether it signs. */
export interface RingKey {
  jwk: JsonObject
  signs: boolean
}

/** Backups that the server makes by itself. */
export interface BackupStatus {
  /** When the last verified one was begun, Unix milliseconds; undefined if there is none. */
  lastGoodAt: number | undefined
  /** Why the last attempt failed; undefined if it did not. */
  lastError: string | undefined
}

/** The API keys of the server (`tokens/api-keys.ts`). */
export interface ApiKeys {
  /** `sb_publishable_…`: identifies no one. */
  publishable: string
  /** `sb_secret_…`: grants access to the admin API. */
  secret: string
}

/** Hashes and verifies passwords (`passwords/passwords.ts`). */
export interface Passwords {
  /** @throws {Refusal} if the queue is full */
  hash(password: string): Promise<string>
  /**
   * Whether the password matches the hash. Without a hash it takes as long and is false, so that timing does not reveal
   * whether an account exists.
   * @throws {Refusal} if the queue is full
   */
  verify(password: string, hash: string | null): Promise<boolean>
  accepts(hash: string): boolean
  isOutdated(hash: string): boolean
  /** How many are computed now, and how many wait. */
  queue(): { running: number; waiting: number }
}

/** Refreshes whose response never arrived (`sessions/lost-responses.ts`). */
export interface LostResponses {
  /**
   * Records the successors of a rotated token if the response is lost.
   * @param gone aborted if the client disconnects before the response
   * @param used lookup id of the token
   * @param made lookup ids of its successors
   */
  watch(gone: AbortSignal | undefined, used: string, made: readonly string[]): void
  /** The successors that never reached the client. Returned once. */
  take(used: string): Promise<readonly string[] | undefined>
}

/** A refused request. */
export interface Refused {
  requestId: string
  method: string
  /** Pattern of the route. */
  route: string
  status: number
  /** The reason of the refusal, or `fault`. */
  reason: string
  /** The setting or rule whose limit was exceeded. */
  exceeded: string | undefined
  /** The account that the request is about, if it is known. */
  userId: string | undefined
  ip: string
}

/** Counts what happens, and records why requests are refused (`operations/activity.ts`). */
export interface Activity {
  /** @param label one of a small number, never a value that a client chooses */
  count(kind: CountKind, label: string): void
  /** Counts a refusal, and records it unless there are too many. */
  refused(refused: Refused): void
  /** Writes what was collected. */
  flush(): Promise<void>
  /** Counts since the start. */
  totals(): { kind: string; label: string; count: number }[]
}

/** The result of a check (`operations/readiness.ts`). */
export interface Finding {
  /** `ok`, or the problem in one word. */
  state: string
  /** Whether requests fail because of it. Other findings are only reported, because a restart would not help. */
  isFatal?: boolean
  /** The problem, for an operator. Public: it contains no path and no user. */
  reason?: string
}

/** Watches the wall clock (`operations/clock-watch.ts`). */
export interface ClockWatch {
  /** Compares the clocks; a jump is logged once. */
  compare(): Finding
  /** Whether old timestamps can be trusted. */
  isSettled(): boolean
}
