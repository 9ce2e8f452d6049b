/**
 * Limits on requests, guesses and messages. Requests are counted per process; everything else in budgets, which several
 * processes on one database share. Keys are digests of fixed size.
 */
import { createHash } from 'node:crypto'
import { networkPrefix, sitePrefix } from '../../lib/ip'
import type { Budgets, Counter, Refundable } from '../../store'
import { memoryBudgets } from './memory-budgets'
import type { Policy, SendingRate } from './policy'
import type { Clock } from './ports'
import { Refusal } from './refusal'
import { type Bucket, requestLimits } from './request-limits'

const HOUR = 3_600_000
const MAX_KEYS = 50_000
/** At most 5 guesses in 1000 find a code of six digits within the day for which such links work. */
const GOTRUE_LINKS_PER_HOUR = 200
/** How long a key remains taken if the process that holds it has ended: about as long as the longest request. */
const LEASE_MS = 10_000

export interface Guess {
  /** Account id, or undefined if there is none. */
  account: string | undefined
  /** The identifier given by the client. */
  identifier: string
  ip: string
  /** Whether the account signed in from the network of `ip` recently. */
  isKnownNetwork: boolean
}

/** Takes a guess back, because it was right or was not checked. */
export type Refund = () => Promise<void>

export interface RateLimits {
  /** Counts a request. @throws {Refusal} beyond the limit */
  request(bucket: Bucket, ip: string): void
  /**
   * Counts a guess at an account's password before it is checked, whatever the surface.
   * @throws {Refusal} beyond the limit
   */
  guess(guess: Guess): Promise<Refund>
  /** Counts a guess at the code sent to an address or a number. @throws {Refusal} beyond the limit */
  code(address: string): Promise<Refund>
  /**
   * Counts a guess at the links that GoTrue sent, of all clients and to all addresses together.
   * @returns undefined beyond the limit
   */
  gotrueLink(): Promise<Refund | undefined>
  /** Counts a message to an address or a number, across all clients. @throws {Refusal} beyond the limit */
  recipient(address: string): Promise<void>
  /** Counts mails about to be sent; 0 only checks whether one may be sent. @throws {Refusal} beyond the limit */
  mail(count: number): Promise<void>
  /** Counts an SMS about to be sent. @throws {Refusal} beyond the limit */
  sms(): Promise<void>
  /** Acquires a key exclusively, at most for `LEASE_MS`. @returns releases it; undefined if it is taken */
  exclusive(key: string): Promise<(() => Promise<void>) | undefined>
}

/** @param budgets those of the database, if several processes share it */
export function rateLimits(policy: Policy, clock: Clock, budgets: Budgets = memoryBudgets(clock)): RateLimits {
  return {
    request: requestLimits(policy, clock),
    ...guessLimits(policy, budgets),
    ...messageLimits(policy, budgets),
    exclusive: exclusiveKeys(budgets),
  }
}

function guessLimits(
  { limits }: Policy,
  budgets: Budgets,
): Pick<RateLimits, 'guess' | 'code' | 'gotrueLink' | 'recipient'> {
  const nothing = async () => async () => {}
  if (!limits.enabled) return { guess: nothing, code: nothing, gotrueLink: nothing, async recipient() {} }
  const hourly = (name: string, limit: number, maxKeys = MAX_KEYS) =>
    budgets.window({ name, limit, windowMs: HOUR, maxKeys })
  // Account ids cannot be made up, so their counters are never shared; unknown identifiers can.
  const byAccount = hourly('password of an account', limits.guessesPerAccountAndHour, Number.POSITIVE_INFINITY)
  const byIdentifier = hourly('password', limits.guessesPerAccountAndHour)
  const byNetwork = hourly('passwords from a network', limits.guessesPerNetworkAndHour)
  const byAddress = hourly('code', limits.codeGuessesPerHour)
  const ofGotrue = hourly('link of GoTrue', GOTRUE_LINKS_PER_HOUR, 1)
  const byRecipient = hourly('recipient', limits.messagesPerRecipientAndHour)
  return {
    async guess({ account, identifier, ip, isKnownNetwork }) {
      const own =
        account === undefined
          ? await byIdentifier.take(digest(identifier))
          : await byAccount.take(isKnownNetwork ? digest(account, networkPrefix(ip)) : digest(account))
      // Guesses from other networks cannot exhaust the owner's budget in a known network, so that is the only count there.
      if (isKnownNetwork) return refundOf([own], own.waitMs)
      const network = sitePrefix(ip)
      // Not both at once: a guess that one of them refuses must not use up the other one for a moment.
      if (own.waitMs > 0) return refundOf([own], own.waitMs, await byNetwork.waitMs(network))
      const ofNetwork = await byNetwork.take(network)
      return refundOf([own, ofNetwork], own.waitMs, ofNetwork.waitMs)
    },
    async code(address) {
      const { waitMs, refund } = await byAddress.take(digest(address))
      if (waitMs > 0)
        throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit: 'AUTH_RATE_LIMIT_CODE_GUESSES' })
      return async () => void (await refund())
    },
    async gotrueLink() {
      const { waitMs, refund } = await ofGotrue.take('all')
      return waitMs > 0 ? undefined : async () => void (await refund())
    },
    async recipient(address) {
      const { waitMs } = await byRecipient.take(digest(address))
      if (waitMs > 0)
        throw new Refusal('too_many_requests', {
          retryAfterMs: waitMs,
          limit: 'AUTH_RATE_LIMIT_MESSAGES_PER_RECIPIENT',
        })
    },
  }
}

/** @returns refunds a guess @throws {Refusal} if it has to wait; then it is refunded */
async function refundOf(counts: readonly Refundable[], ownWaitMs: number, networkWaitMs = 0): Promise<Refund> {
  const refund = async () => {
    for (const count of counts) await count.refund()
  }
  const waitMs = Math.max(ownWaitMs, networkWaitMs)
  if (waitMs === 0) return refund
  await refund()
  const limit = waitMs === ownWaitMs ? 'AUTH_RATE_LIMIT_PASSWORD_GUESSES' : 'AUTH_RATE_LIMIT_NETWORK_GUESSES'
  throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit })
}

/**
 * Messages of the whole server (docs/wire-contract.md#rate-limits); not counted while sign-ups are confirmed
 * automatically.
 */
function messageLimits({ limits, signup }: Policy, budgets: Budgets): Pick<RateLimits, 'mail' | 'sms'> {
  /** @returns counts a message, or only checks; the milliseconds to wait */
  const counter = (name: string, rate: SendingRate | undefined, isFree: boolean) => {
    if (rate === undefined) return async () => 0
    const { count, refillMs } = rate
    // a limit of zero refuses everything, even where messages are not counted
    if (count === 0) return async () => Number.POSITIVE_INFINITY
    if (isFree) return async () => 0
    const sent: Counter<{ waitMs: number }> =
      refillMs === undefined
        ? budgets.window({ name, limit: count, windowMs: HOUR, maxKeys: 1 })
        : budgets.bucket({ name, burst: count, refillMs })
    return async (isSent: boolean) => (isSent ? (await sent.take('all')).waitMs : sent.waitMs('all'))
  }
  const waitOf = (waitMs: number) => (Number.isFinite(waitMs) ? { waitMs } : {})
  const mailWait = counter('mail', limits.mailsSent, signup.autoconfirmsEmail)
  const smsWait = counter('sms', limits.smsSent, signup.autoconfirmsPhone)
  return {
    async mail(count) {
      for (let sent = 0; sent < Math.max(1, count); sent++) {
        const waitMs = await mailWait(count > 0)
        if (waitMs > 0)
          throw new Refusal('mail_limit_reached', { ...waitOf(waitMs), limit: 'AUTH_RATE_LIMIT_EMAIL_SENT' })
      }
    },
    async sms() {
      const waitMs = await smsWait(true)
      if (waitMs > 0) throw new Refusal('sms_limit_reached', { ...waitOf(waitMs), limit: 'AUTH_RATE_LIMIT_SMS_SENT' })
    },
  }
}

function exclusiveKeys(budgets: Budgets): RateLimits['exclusive'] {
  // A key that shared its counter with another one would be refused although it is free.
  const leases = budgets.window({ name: 'lease', limit: 1, windowMs: LEASE_MS, maxKeys: Number.POSITIVE_INFINITY })
  return async (key) => {
    const { waitMs, refund } = await leases.take(key)
    if (waitMs > 0) return undefined
    return async () => {
      try {
        await refund()
      } catch {
        // The work is done; the lease ends by itself.
      }
    }
  }
}

/** A digest of several values as one key of fixed length, without collisions by concatenation. */
function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}
