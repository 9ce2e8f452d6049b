/**
 * Limits on requests, guesses and messages. Requests are counted per process; everything else in budgets, which several
 * processes on one database share. Keys are digests of fixed size.
 */
import { createHash } from 'node:crypto'
import { networkPrefix, sitePrefix } from '../../lib/ip'
import { HOUR } from '../../lib/milliseconds'
import type { Budgets, Counter, Refundable } from '../../store'
import { type LimitHit, type LimitHits, limitHits } from './limit-hits'
import { memoryBudgets } from './memory-budgets'
import type { Policy, SendingRate } from './policy'
import type { Clock } from './ports'
import { Refusal } from './refusal'
import { type Bucket, requestLimits } from './request-limits'

const MAX_KEYS = 50_000
/** At most 5 guesses in 1000 find a code of six digits within the day for which such links work. */
export const GOTRUE_LINKS_PER_HOUR = 200
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
  /** The limits that refuse something now, as far as this process knows. */
  hits(): ReturnType<LimitHits['list']>
  /** Forgets what a rule has counted. @returns false if there is no such rule */
  reset(rule: string, key: string): Promise<boolean>
  /** Acquires a key exclusively, at most for `LEASE_MS`. @returns releases it; undefined if it is taken */
  exclusive(key: string): Promise<(() => Promise<void>) | undefined>
}

/** @param budgets those of the database, if several processes share it */
export function rateLimits(policy: Policy, clock: Clock, budgets: Budgets = memoryBudgets(clock)): RateLimits {
  const hits = limitHits(clock)
  const requests = requestLimits(policy, clock, hits)
  const rules = new Map<string, Counter<unknown>>()
  /** Remembers the counters of rules, so that they can be reset. */
  const named = (counted: Budgets): Budgets => ({
    window: (budget) => remembered(budget.name, counted.window(budget)),
    bucket: (budget) => remembered(budget.name, counted.bucket(budget)),
  })
  const remembered = <C extends Counter<unknown>>(name: string, counter: C): C => {
    rules.set(name, counter)
    return counter
  }
  return {
    request: requests.request,
    ...guessLimits(policy, named(budgets), hits),
    ...messageLimits(policy, named(budgets), hits),
    exclusive: exclusiveKeys(budgets),
    hits: hits.list,
    async reset(rule, key) {
      const counter = rules.get(rule)
      await counter?.clear(key)
      const isKnown = counter !== undefined || requests.clear(rule.replace(REQUEST_RULE, ''), key)
      hits.forget(rule, key)
      return isKnown
    },
  }
}

/** Begins the rules of requests. */
const REQUEST_RULE = /^request /

function guessLimits(
  { limits }: Policy,
  budgets: Budgets,
  hits: LimitHits,
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
      const ownKey =
        account === undefined
          ? digest(identifier)
          : isKnownNetwork
            ? digest(account, networkPrefix(ip))
            : digest(account)
      const own = await (account === undefined ? byIdentifier : byAccount).take(ownKey)
      if (own.waitMs > 0) hits.note(ownHit(account, ownKey), own.waitMs)
      // Guesses from other networks cannot exhaust the owner's budget in a known network, so that is the only count there.
      if (isKnownNetwork) return refundOf([own], own.waitMs)
      const network = sitePrefix(ip)
      // Not both at once: a guess that one of them refuses must not use up the other one for a moment.
      if (own.waitMs > 0) return refundOf([own], own.waitMs, await byNetwork.waitMs(network))
      const ofNetwork = await byNetwork.take(network)
      if (ofNetwork.waitMs > 0) hits.note(networkHit(network), ofNetwork.waitMs)
      return refundOf([own, ofNetwork], own.waitMs, ofNetwork.waitMs)
    },
    async code(address) {
      const key = digest(address)
      const { waitMs, refund } = await byAddress.take(key)
      if (waitMs > 0) {
        const setting = 'AUTH_RATE_LIMIT_CODE_GUESSES'
        hits.note({ rule: 'code', key, setting, subject: address, kind: 'address' }, waitMs)
        throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit: setting })
      }
      return async () => void (await refund())
    },
    async gotrueLink() {
      const { waitMs, refund } = await ofGotrue.take('all')
      return waitMs > 0 ? undefined : async () => void (await refund())
    },
    async recipient(address) {
      const key = digest(address)
      const { waitMs } = await byRecipient.take(key)
      if (waitMs === 0) return
      const setting = 'AUTH_RATE_LIMIT_MESSAGES_PER_RECIPIENT'
      hits.note({ rule: 'recipient', key, setting, subject: address, kind: 'address' }, waitMs)
      throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit: setting })
    },
  }
}

const ownHit = (account: string | undefined, key: string): LimitHit => ({
  rule: account === undefined ? 'password' : 'password of an account',
  key,
  setting: 'AUTH_RATE_LIMIT_PASSWORD_GUESSES',
  subject: account ?? null,
  kind: account === undefined ? 'unknown' : 'account',
})

const networkHit = (network: string): LimitHit => ({
  rule: 'passwords from a network',
  key: network,
  setting: 'AUTH_RATE_LIMIT_NETWORK_GUESSES',
  subject: network,
  kind: 'network',
})

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
function messageLimits(
  { limits, signup }: Policy,
  budgets: Budgets,
  hits: LimitHits,
): Pick<RateLimits, 'mail' | 'sms'> {
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
    return async (isSent: boolean) => {
      const waitMs = isSent ? (await sent.take('all')).waitMs : await sent.waitMs('all')
      const setting = name === 'mail' ? 'AUTH_RATE_LIMIT_EMAIL_SENT' : 'AUTH_RATE_LIMIT_SMS_SENT'
      if (waitMs > 0) hits.note({ rule: name, key: 'all', setting, subject: null, kind: 'server' }, waitMs)
      return waitMs
    }
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
