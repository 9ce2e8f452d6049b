/** The context of a request, which every function of the core receives. */
import type { Store } from '../../store'
import type { Policy } from './policy'
import type {
  BreachedPasswords,
  CallFunction,
  CaptchaVerifier,
  Clock,
  HttpPost,
  MailTemplates,
  OAuthProviders,
  ObserveEvent,
  ObserveHook,
  Peers,
  Provisioner,
  QrCode,
  Random,
  Report,
  Sealer,
  SmsProvider,
} from './ports'
import type { RateLimits } from './rate-limits'
import type { RequestFacts } from './request-facts'
import type { Bucket } from './request-limits'
import type { Activity, ApiKeys, BackupStatus, ClockWatch, Keyring, LostResponses, Passwords } from './server-state'

/** The dependencies of the server, which live as long as it runs. */
export interface Deps {
  store: Store
  clock: Clock
  random: Random
  sealer: Sealer
  /** Seals the audit log. */
  auditKey: Uint8Array
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
  /** Undefined unless captchas are verified by another company. */
  captchaVerifier: CaptchaVerifier | undefined
  qrCode: QrCode
  providers: OAuthProviders
  peers: Peers
  /** Undefined if Matrix accounts are disabled. */
  provisioner: Provisioner | undefined
  /** Calls hooks over HTTP. */
  post: HttpPost
  /** Calls hooks that are functions of the database. */
  callFunction: CallFunction
  /** Undefined if there are no metrics. */
  observeHook: ObserveHook | undefined
  observeEvent: ObserveEvent | undefined
  /** Continues work after its request has been answered; a shutdown waits briefly for it. */
  background(work: Promise<unknown>): void
  report: Report
  clockWatch: ClockWatch
  lostResponses: LostResponses
  activity: Activity
  /** @returns undefined if the server makes no backups by itself */
  backupStatus(): BackupStatus | undefined
}

/** The origin of a request. */
export interface Client {
  /** Canonical address; behind trusted proxies the client's, not the proxy's. Empty for background work. */
  ip: string
  userAgent: string | undefined
  /**
   * The base URL, for example `https://auth.example.com`, on the listed host that the request was sent to, used for
   * links to this server.
   */
  origin?: string | undefined
  /** Languages of the client's Accept-Language, in order of preference (RFC 9110 §12.5.4). */
  languages: readonly string[]
  /** Of the request; undefined for background work. */
  requestId?: string
  /** Filled in while the request is handled. */
  facts?: RequestFacts
  /** Aborted if the client disconnects before the response. */
  readonly disconnected?: AbortSignal
}

/** The request in a line of the log, if it belongs to one. */
export const requestField = ({ requestId }: Client): { request?: string } =>
  requestId === undefined ? {} : { request: requestId }

/** The context that every function of the core receives: the server's dependencies, and the request or task. */
export interface Context extends Deps {
  /**
   * Unix milliseconds: the time when the request had arrived in full, or the task started. Everything it writes has
   * this time.
   */
  readonly now: number
  readonly client: Client
}

/** The client of background work: none. */
export const NO_CLIENT: Client = { ip: '', userAgent: undefined, languages: [] }

/**
 * Makes contexts. They inherit from `deps`, so that each needs only two new fields; a spread would copy all.
 * @returns a function that makes the context of a task that starts now; its argument determines the client once it is
 * needed
 */
export function contextFactory(deps: Deps): (client: () => Client) => Context {
  class Begun {
    constructor(
      readonly now: number,
      readonly determineClient: () => Client,
    ) {}
    get client(): Client {
      return this.determineClient()
    }
  }
  Object.setPrototypeOf(Begun.prototype, deps)
  return (client) => new Begun(deps.clock.now(), client) as Begun & Deps
}

/**
 * The same request at the current time. For work that follows a slow call (a password hash, a hook, another server): a
 * check against the change of another request must not use a time from before that change.
 */
export const withCurrentTime = (context: Context): Context =>
  Object.create(context, { now: { value: context.clock.now() } })

/** The same request as if it came from another client, such as a mail's reader instead of an administrator. */
export const withClient = (context: Context, client: Client): Context =>
  Object.create(context, { client: { value: client } })

/** The same request, counted in a bucket already: the limit does not count it there again. */
export function withCountedRequest(context: Context, counted: Bucket): Context {
  const { limits } = context
  const request: RateLimits['request'] = (bucket, ip) => {
    if (bucket !== counted) limits.request(bucket, ip)
  }
  return Object.create(context, { limits: { value: { ...limits, request } } })
}
