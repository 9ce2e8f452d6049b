/** Limits on the requests of a client. They protect this process, so each process counts on its own. */
import { clientPrefix, sitePrefix } from '../../lib/ip'
import type { LimitHits } from './limit-hits'
import { tokenBucket } from './memory-budgets'
import type { Policy } from './policy'
import type { Clock } from './ports'
import { Refusal } from './refusal'

const MINUTE = 60_000
const HOUR = 3_600_000
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

export interface RequestLimits {
  /** Counts a request. @throws {Refusal} beyond the limit */
  request(bucket: Bucket, ip: string): void
  /** Forgets the requests of a client. @returns false if there is no such bucket */
  clear(bucket: string, ip: string): boolean
}

export function requestLimits({ limits }: Policy, clock: Clock, hits: LimitHits): RequestLimits {
  if (!limits.enabled) return { request() {}, clear: () => false }
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
  return {
    request(bucket, ip) {
      const waitMs = buckets[bucket].take(ip, clock.monotonic())
      if (waitMs === 0) return
      const setting = SETTINGS[bucket]
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
const CLIENTS_PER_SITE = 16

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
