/** What every function of the core is given. */
import type { Store } from '../store'
import type { ClockWatch } from './clock-watch'
import type { Passwords } from './passwords/passwords'
import type { Policy } from './policy'
import type {
  BreachedPasswords,
  Clock,
  HttpPost,
  MailTemplates,
  OAuthProviders,
  Peers,
  Provisioner,
  QrCode,
  Random,
  Report,
  Sealer,
  SmsProvider,
} from './ports'
import type { RateLimits } from './rate-limits'
import type { LostAnswers } from './sessions/lost-answers'
import type { ApiKeys } from './tokens/api-keys'
import type { Keyring } from './tokens/jwt'

export interface Deps {
  store: Store
  clock: Clock
  random: Random
  sealer: Sealer
  passwords: Passwords
  keyring: Keyring
  apiKeys: ApiKeys
  limits: RateLimits
  policy: Policy
  /** Keys for hashing one-time and imported tokens: the current one, and the previous one. */
  peppers: readonly [Buffer, ...Buffer[]]
  templates: MailTemplates
  smsProvider: SmsProvider | undefined
  /** Undefined if breached passwords are not checked. */
  breachedPasswords: BreachedPasswords | undefined
  qrCode: QrCode
  providers: OAuthProviders
  peers: Peers
  /** Undefined if Matrix accounts are disabled. */
  provisioner: Provisioner | undefined
  /** Calls hooks. */
  post: HttpPost
  /** Continues work after its request has been answered; a shutdown waits briefly for it. */
  background(work: Promise<unknown>): void
  report: Report
  clockWatch: ClockWatch
  lostAnswers: LostAnswers
}

/** The origin of a request. */
export interface Client {
  /** Canonical address; behind trusted proxies the client's, not the proxy's. */
  ip: string
  userAgent: string | undefined
  /**
   * Such as `https://auth.example.com`: the listed host that the request was sent to, used for links to this server.
   */
  origin?: string | undefined
  /** What the client's Accept-Language asks for, most wanted first (RFC 9110 §12.5.4). */
  languages: readonly string[]
  /** Aborted if the client disconnects before the response. */
  readonly gone?: AbortSignal
}
