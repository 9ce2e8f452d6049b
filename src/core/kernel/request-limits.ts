/** Limits on the requests of a client. They protect this process, so each process counts on its own. */
import { clientPrefix, sitePrefix } from '../../lib/ip'
import { HOUR, MINUTE } from '../../lib/milliseconds'
import type { LimitHits } from './limit-hits'
import { tokenBucket } from './memory-budgets'
import type { Policy } from './policy'
import type { Clock } from './ports'
import { Refusal } from './refusal'

/** GoTrue's burst for everything except anonymous sign-ins (docs/wire-contract.md#rate-limits). */
const BURST = 30

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

export interface RequestLimit {
  setting: string
  /** The number of requests, in a period of so many milliseconds. */
  count: keyof Policy['limits'] & `${string}Per${string}`
  periodMs: number
  /** How many are allowed at once; undefined for as many as in a period. */
  burst?: number
}

const perPeriod = (setting: string, count: RequestLimit['count'], periodMs = 5 * MINUTE): RequestLimit => ({
  setting,
  count,
  periodMs,
  burst: BURST,
})

const token = perPeriod('AUTH_RATE_LIMIT_TOKEN_REFRESH', 'tokensPer5Minutes')
const otpLike = perPeriod('AUTH_RATE_LIMIT_OTP', 'signUpsPer5Minutes')
const passkey = perPeriod('AUTH_RATE_LIMIT_PASSKEY', 'passkeysPer5Minutes')
const factor = perPeriod('AUTH_MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY', 'factorsPerMinute', MINUTE)

/** How each kind of request is limited; docs/limits.md is generated from it. */
export const REQUEST_LIMITS: Record<Bucket, RequestLimit> = {
  tokens: token,
  providers: token,
  callbacks: token,
  signUps: otpLike,
  userChanges: otpLike,
  otps: otpLike,
  magicLinks: otpLike,
  recoveries: otpLike,
  resends: otpLike,
  verifications: perPeriod('AUTH_RATE_LIMIT_VERIFY', 'verificationsPer5Minutes'),
  passkeys: passkey,
  passkeyRegistrations: passkey,
  factorChallenges: factor,
  factorVerifications: factor,
  web3: perPeriod('AUTH_RATE_LIMIT_WEB3', 'web3Per5Minutes'),
  anonymous: { setting: 'AUTH_RATE_LIMIT_ANONYMOUS_USERS', count: 'anonymousPerHour', periodMs: HOUR },
}

export interface RequestLimits {
  /** Counts a request. @throws {Refusal} beyond the limit */
  request(bucket: Bucket, ip: string): void
  /** Forgets the requests of a client. @returns false if there is no such bucket */
  clear(bucket: string, ip: string): boolean
}

export function requestLimits({ limits }: Policy, clock: Clock, hits: LimitHits): RequestLimits {
  if (!limits.enabled) return { request() {}, clear: () => false }
  const bucketOf = ({ count, periodMs, burst = limits[count] as number }: RequestLimit) =>
    clientLimit(burst, (limits[count] as number) / periodMs)
  const buckets = Object.fromEntries(
    Object.entries(REQUEST_LIMITS).map(([bucket, limit]) => [bucket, bucketOf(limit)]),
  ) as Record<Bucket, ReturnType<typeof clientLimit>>
  return {
    request(bucket, ip) {
      const waitMs = buckets[bucket].take(ip, clock.monotonic())
      if (waitMs === 0) return
      const { setting } = REQUEST_LIMITS[bucket]
      const subject = clientPrefix(ip)
      hits.note({ rule: `request ${bucket}`, key: ip, setting, subject, kind: 'network' }, waitMs)
      throw new Refusal('too_many_requests', { retryAfterMs: waitMs, limit: setting })
    },
    clear(bucket, ip) {
      if (!Object.hasOwn(buckets, bucket)) return false
      buckets[bucket as Bucket].clear(ip)
      return true
    },
  }
}

/** Limit for an IPv6 /48 as a multiple of one client's, so that its 65,536 /64s do not bypass the limit. */
export const CLIENTS_PER_SITE = 16

/** A bucket per client, and a larger one per IPv6 /48. @returns the milliseconds to wait, 0 for none */
function clientLimit(burst: number, perMs: number) {
  const clients = tokenBucket(burst, perMs)
  const sites = tokenBucket(burst * CLIENTS_PER_SITE, perMs * CLIENTS_PER_SITE)
  return {
    take: (ip: string, now: number): number =>
      (ip.includes(':') && sites(sitePrefix(ip), now)) || clients(clientPrefix(ip), now),
    clear(ip: string): void {
      sites.clear(sitePrefix(ip))
      clients.clear(clientPrefix(ip))
    },
  }
}
