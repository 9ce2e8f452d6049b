/**
 * Limits on requests and guesses, counted in memory with a monotonic clock. Keys are digests of fixed size. If
 * outsiders can make up keys, the number of counters is bounded, and new keys beyond that share counters instead of
 * evicting others.
 */
import { createHash } from 'node:crypto'
import { clientPrefix, networkPrefix, sitePrefix } from '../../lib/ip'
import type { Policy, SendingRate } from './policy'
import type { Clock } from './ports'
import { Refusal } from './refusal'

const MINUTE = 60_000
const HOUR = 3_600_000
/** GoTrue's burst for everything except anonymous sign-ins (docs/wire-contract.md#rate-limits). */
const BURST = 30
const MAX_KEYS = 50_000
const SHARED_KEYS = 1024
/** Below this size a map is not swept. */
const SMALL_MAP = 1000

/** One counter per kind of request, as in GoTrue. */
export type Bucket =
  | 'tokens'
  | 'signUps'
  | 'anonymous'
  | 'userChanges'
  | 'otps'
  | 'magicLinks'
  | 'recoveries'
  | 'resends'
  | 'verifications'
  | 'passkeys'
  | 'passkeyRegistrations'
  | 'factorChallenges'
  | 'factorVerifications'
  | 'providers'
  | 'callbacks'
  | 'web3'

/** The settings of the limits. */
const SETTINGS: Record<Bucket, string> = {
  tokens: 'AUTH_RATE_LIMIT_TOKEN_REFRESH',
  providers: 'AUTH_RATE_LIMIT_TOKEN_REFRESH',
  callbacks: 'AUTH_RATE_LIMIT_TOKEN_REFRESH',
  signUps: 'AUTH_RATE_LIMIT_OTP',
  userChanges: 'AUTH_RATE_LIMIT_OTP',
  otps: 'AUTH_RATE_LIMIT_OTP',
  magicLinks: 'AUTH_RATE_LIMIT_OTP',
  recoveries: 'AUTH_RATE_LIMIT_OTP',
  resends: 'AUTH_RATE_LIMIT_OTP',
  verifications: 'AUTH_RATE_LIMIT_VERIFY',
  passkeys: 'AUTH_RATE_LIMIT_PASSKEY',
  passkeyRegistrations: 'AUTH_RATE_LIMIT_PASSKEY',
  factorChallenges: 'AUTH_MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY',
  factorVerifications: 'AUTH_MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY',
  anonymous: 'AUTH_RATE_LIMIT_ANONYMOUS_USERS',
  web3: 'AUTH_RATE_LIMIT_WEB3',
}

export interface Guess {
  /** Account id, or undefined if there is none. */
  account: string | undefined
  /** The identifier given by the client. */
  identifier: string
  ip: string
  /** Whether the account signed in from the network of `ip` recently. */
  isKnownNetwork: boolean
}

export interface RateLimits {
  /** Counts a request. @throws {Refusal} beyond the limit */
  request(bucket: Bucket, ip: string): void
  /**
   * Counts a guess at an account's password before it is checked, whatever the surface.
   * @returns refunds the guess, for a right password
   * @throws {Refusal} beyond the limit
   */
  guess(guess: Guess): () => void
  /**
   * Counts a guess at the code sent to an address or a number.
   * @returns refunds the guess, for a right code
   * @throws {Refusal} beyond the limit
   */
  code(address: string): () => void
  /** Counts a message to an address or a number, across all clients. @throws {Refusal} beyond the limit */
  recipient(address: string): void
  /** Counts mails about to be sent; 0 only checks whether one may be sent. @throws {Refusal} beyond the limit */
  mail(count: number): void
  /** Counts an SMS about to be sent. @throws {Refusal} beyond the limit */
  sms(): void
  /** Acquires a key exclusively. @returns releases it; undefined if it is taken */
  exclusive(key: string): (() => void) | undefined
}

export function rateLimits(policy: Policy, clock: Clock): RateLimits {
  return {
    ...requestLimits(policy, clock),
    ...messageLimits(policy, clock),
    exclusive: exclusiveKeys(),
  }
}

function requestLimits({ limits }: Policy, clock: Clock): Pick<RateLimits, 'request' | 'guess' | 'code' | 'recipient'> {
  const nothing = () => () => {}
  if (!limits.enabled) return { request() {}, guess: nothing, code: nothing, recipient() {} }
  const otpLike = () => clientLimit(BURST, limits.signUpsPer5Minutes / (5 * MINUTE))
  const buckets: Record<Bucket, ReturnType<typeof clientLimit>> = {
    tokens: clientLimit(BURST, limits.tokensPer5Minutes / (5 * MINUTE)),
    signUps: otpLike(),
    userChanges: otpLike(),
    otps: otpLike(),
    magicLinks: otpLike(),
    recoveries: otpLike(),
    resends: otpLike(),
    verifications: clientLimit(BURST, limits.verificationsPer5Minutes / (5 * MINUTE)),
    providers: clientLimit(BURST, limits.tokensPer5Minutes / (5 * MINUTE)),
    callbacks: clientLimit(BURST, limits.tokensPer5Minutes / (5 * MINUTE)),
    passkeys: clientLimit(BURST, limits.passkeysPer5Minutes / (5 * MINUTE)),
    passkeyRegistrations: clientLimit(BURST, limits.passkeysPer5Minutes / (5 * MINUTE)),
    factorChallenges: clientLimit(BURST, limits.factorsPerMinute / MINUTE),
    factorVerifications: clientLimit(BURST, limits.factorsPerMinute / MINUTE),
    web3: clientLimit(BURST, limits.web3Per5Minutes / (5 * MINUTE)),
    anonymous: clientLimit(limits.anonymousPerHour, limits.anonymousPerHour / HOUR),
  }
  // Account ids cannot be made up, so their counters are never shared; unknown identifiers can.
  const byAccount = slidingWindow(limits.guessesPerAccountAndHour, HOUR, Number.POSITIVE_INFINITY)
  const byIdentifier = slidingWindow(limits.guessesPerAccountAndHour, HOUR, MAX_KEYS)
  const byNetwork = slidingWindow(limits.guessesPerNetworkAndHour, HOUR, MAX_KEYS)
  const byAddress = slidingWindow(limits.codeGuessesPerHour, HOUR, MAX_KEYS)
  const byRecipient = slidingWindow(limits.messagesPerRecipientAndHour, HOUR, MAX_KEYS)
  return {
    request(bucket, ip) {
      const waitMs = buckets[bucket](ip, clock.monotonic())
      if (waitMs > 0) throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit: SETTINGS[bucket] })
    },
    guess({ account, identifier, ip, isKnownNetwork }) {
      const now = clock.monotonic()
      const ofAccount =
        account === undefined
          ? byIdentifier.take(digest(identifier), now)
          : byAccount.take(isKnownNetwork ? digest(account, networkPrefix(ip)) : digest(account), now)
      // Guesses from other networks cannot exhaust the owner's budget in a known network, so that is the only count there.
      const counts = isKnownNetwork ? [ofAccount] : [ofAccount, byNetwork.take(sitePrefix(ip), now)]
      const refund = () => {
        for (const count of counts) count.refund()
      }
      const waitMs = Math.max(...counts.map((count) => count.waitMs))
      if (waitMs === 0) return refund
      refund()
      const limit = waitMs === ofAccount.waitMs ? 'AUTH_RATE_LIMIT_PASSWORD_GUESSES' : 'AUTH_RATE_LIMIT_NETWORK_GUESSES'
      throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit })
    },
    code(address) {
      const { waitMs, refund: takeBack } = byAddress.take(digest(address), clock.monotonic())
      if (waitMs > 0)
        throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit: 'AUTH_RATE_LIMIT_CODE_GUESSES' })
      return takeBack
    },
    recipient(address) {
      const { waitMs } = byRecipient.take(digest(address), clock.monotonic())
      if (waitMs > 0)
        throw new Refusal('too_many_requests', {
          retryAfterMs: waitMs,
          limit: 'AUTH_RATE_LIMIT_MESSAGES_PER_RECIPIENT',
        })
    },
  }
}

/**
 * Messages of the whole server (docs/wire-contract.md#rate-limits); not counted while sign-ups are confirmed
 * automatically.
 */
function messageLimits({ limits, signup }: Policy, clock: Clock): Pick<RateLimits, 'mail' | 'sms'> {
  /** Takes `cost` tokens. @returns the milliseconds to wait */
  const counter = (rate: SendingRate | undefined, isFree: boolean) => {
    if (rate === undefined) return (_cost: number) => 0
    // a limit of zero refuses everything, even where messages are not counted
    if (rate.count === 0) return () => Number.POSITIVE_INFINITY
    if (isFree) return () => 0
    const window = rate.refillMs === undefined ? slidingWindow(rate.count, HOUR, 1) : undefined
    const bucket = rate.refillMs === undefined ? undefined : tokenBucket(rate.count, 1 / rate.refillMs)
    return (cost: number) => {
      const now = clock.monotonic()
      const taken = window?.take('all', now)
      if (cost === 0) taken?.refund()
      return taken?.waitMs ?? bucket?.('all', now, cost) ?? 0
    }
  }
  const waitOf = (waitMs: number) => (Number.isFinite(waitMs) ? { waitMs } : {})
  const mailWait = counter(limits.mailsSent, signup.autoconfirmsEmail)
  const smsWait = counter(limits.smsSent, signup.autoconfirmsPhone)
  return {
    mail(count) {
      const cost = Math.min(1, count)
      for (let sent = 0; sent < Math.max(1, count); sent++) {
        const waitMs = mailWait(cost)
        if (waitMs > 0)
          throw new Refusal('mail_limit_reached', { ...waitOf(waitMs), limit: 'AUTH_RATE_LIMIT_EMAIL_SENT' })
      }
    },
    sms() {
      const waitMs = smsWait(1)
      if (waitMs > 0) throw new Refusal('sms_limit_reached', { ...waitOf(waitMs), limit: 'AUTH_RATE_LIMIT_SMS_SENT' })
    },
  }
}

function exclusiveKeys(): RateLimits['exclusive'] {
  const taken = new Set<string>()
  return (key) => {
    if (taken.has(key)) return undefined
    taken.add(key)
    return () => taken.delete(key)
  }
}

/** A digest of several values as one key of fixed length, without collisions by concatenation. */
function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

/** Limit for an IPv6 /48 as a multiple of one client's, so that its 65,536 /64s do not bypass the limit. */
const CLIENTS_PER_SITE = 16

/** A bucket per client, and a larger one per IPv6 /48. @returns the milliseconds to wait, 0 for none */
function clientLimit(burst: number, perMs: number) {
  const clients = tokenBucket(burst, perMs)
  const sites = tokenBucket(burst * CLIENTS_PER_SITE, perMs * CLIENTS_PER_SITE)
  return (ip: string, now: number): number =>
    (ip.includes(':') && sites(sitePrefix(ip), now)) || clients(clientPrefix(ip), now)
}

/**
 * `burst` at once, then `perMs` per millisecond. Takes one token, or `cost`.
 * @returns the milliseconds to wait, 0 for none
 */
function tokenBucket(burst: number, perMs: number) {
  interface Level {
    tokens: number
    at: number
  }
  const levelAt = ({ tokens, at }: Level, now: number) => Math.min(burst, tokens + (now - at) * perMs)
  const levels = boundedMap<Level>((level, now) => levelAt(level, now) >= burst, MAX_KEYS)
  return (key: string, now: number, cost = 1): number => {
    const level = levels.get(key, now, () => ({ tokens: burst, at: now }))
    level.tokens = levelAt(level, now)
    level.at = now
    if (level.tokens < 1) return (1 - level.tokens) / perMs
    level.tokens -= cost
    return 0
  }
}

/** At most `limit` in any `windowMs`. */
function slidingWindow(limit: number, windowMs: number, maxKeys: number) {
  const histories = boundedMap<number[]>((history, now) => (history.at(-1) ?? -Infinity) <= now - windowMs, maxKeys)
  return {
    take(key: string, now: number): { waitMs: number; refund(): void } {
      const history = histories.get(key, now, () => [])
      while (history.length > 0 && (history[0] as number) <= now - windowMs) history.shift()
      if (history.length >= limit) return { waitMs: (history[0] as number) + windowMs - now, refund() {} }
      history.push(now)
      return {
        waitMs: 0,
        refund() {
          const index = history.lastIndexOf(now)
          if (index >= 0) history.splice(index, 1)
        },
      }
    },
  }
}

/** A map that forgets entries that are `isIdle`; beyond `maxKeys`, new keys share entries. */
function boundedMap<Value>(isIdle: (value: Value, now: number) => boolean, maxKeys: number) {
  const map = new Map<string, Value>()
  let sweepAt = SMALL_MAP
  return {
    get(key: string, now: number, make: () => Value): Value {
      const own = map.get(key)
      if (own !== undefined) return own
      if (map.size >= sweepAt) {
        for (const [each, value] of map) if (isIdle(value, now)) map.delete(each)
        // Not again before the map has doubled, so a sweep costs little per new key.
        sweepAt = Math.max(SMALL_MAP, 2 * map.size)
      }
      const counter = map.size < maxKeys ? key : `shared ${checksum(key) % SHARED_KEYS}`
      const value = map.get(counter) ?? make()
      map.set(counter, value)
      return value
    },
  }
}

/** FNV-1a. */
function checksum(text: string): number {
  let sum = 2_166_136_261
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 16_777_619) >>> 0
  return sum
}
