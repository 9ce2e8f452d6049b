/** The composition root: from settings to the function that handles requests. */
import { cpus } from 'node:os'
import { Elysia } from 'elysia'
import { breachedPasswords } from '../adapters/breached-passwords'
import type { Secrets } from '../adapters/data-folder'
import { httpPost } from '../adapters/http-post'
import type { LoadedTemplates } from '../adapters/mail/templates'
import { passwordHasher } from '../adapters/password-hasher'
import { httpPeers } from '../adapters/peers'
import { oauthProviders } from '../adapters/providers'
import type { Lookup } from '../adapters/public-fetch'
import { qrCode } from '../adapters/qr-code'
import { aesGcmSealer } from '../adapters/sealer'
import { systemClock, systemRandom } from '../adapters/system'
import type { Worker } from '../adapters/worker'
import type { Settings } from '../config'
import { type Core, createCore } from '../core'
import type {
  BreachedPasswords,
  Clock,
  HttpPost,
  PasswordHasher,
  Peers,
  Provisioner,
  Random,
  Report,
} from '../core/kernel/ports'
import { rateLimits } from '../core/kernel/rate-limits'
import { clockWatch } from '../core/operations/clock-watch'
import type { ReadinessCheck } from '../core/operations/readiness'
import { passwords } from '../core/passwords/passwords'
import { lostResponses } from '../core/sessions/lost-responses'
import { signingKeySync } from '../core/tokens/signing-keys'
import { cors } from '../http/cors'
import { errorPages } from '../http/error-pages'
import type { Log } from '../http/log'
import { createMetrics, type Metrics } from '../http/metrics'
import { ROUTING } from '../http/mount'
import { createFetch, type Fetch, logFault } from '../http/server'
import { isBelow, targetOf } from '../http/target'
import { isLocalNetwork } from '../lib/ip'
import { errorPage } from '../pages/error'
import { type Message, openStore, type Store } from '../store'
import { VERSION_KEY } from '../store/meta-keys'
import { federation } from '../surfaces/federation'
import { gotrue, PREFIX } from '../surfaces/gotrue'
import { PREFIX as MAILBOX, type MailboxSource, mailbox } from '../surfaces/mailbox'
import { OPERATIONS_PATHS, operations } from '../surfaces/operations'
import { PREFIX as SERVICE, service } from '../surfaces/service'
import { isFederatedLogout } from '../surfaces/shared-logout'
import { site } from '../surfaces/site'
import { builtAt, commit, version } from '../version'
import { databaseProblemLog, unlessUnavailable } from './database-problem-log'
import { apiKeysOf, databasePath, type Keys, keyringOf, requireSameKey, roleKeys, sealingKeyOf } from './keys'
import { checkedTemplates, mailSender, smsProviderOf } from './messaging'
import { captchaVerifierOf, localPeerHosts, matrixWorker, providerSetups, provisionerOf } from './outbound'
import { clientUrl, policyOf } from './policy'

export interface AppOptions {
  settings: Settings
  secrets: Secrets
  /** Absolute path of the data folder. */
  folder: string
  log: Log
  /** Replaced in tests. */
  clock?: Clock
  random?: Random
  hasher?: PasswordHasher
  post?: HttpPost
  breached?: BreachedPasswords
  fetchProvider?: typeof fetch
  lookup?: Lookup
  peers?: Peers
  provisioner?: Provisioner
  captchaOrigin?: string
  /** Whether every answer is checked against its schema. */
  validatesResponses?: boolean
}

export interface App {
  fetch: Fetch
  core: Core
  store: Store
  keys: Keys
  metrics: Metrics | undefined
  templates: LoadedTemplates
  /** Reloads signing keys that any process added or revoked. */
  refreshKeys(): Promise<void>
  /** Sends queued mail; undefined without a mail server. */
  mailWorker: Worker | undefined
  /**
   * Closes open event streams and stops waiting for slow clients, so that a shutdown does not have to wait for them.
   */
  beginStopping(): void
  /** All routes, for the documentation and its checks. */
  routes: Elysia
  close(): Promise<void>
}

export async function createApp({ settings, secrets, folder, log, ...replaced }: AppOptions): Promise<App> {
  const { clock = systemClock, random = systemRandom, post = httpPost } = replaced
  const { server, tokens, accounts, mail } = settings
  const templates = await checkedTemplates(settings, folder, log)
  const sealer = aesGcmSealer(sealingKeyOf(settings, secrets))
  const messageEventBus = messageEvents((error) =>
    log.error('a message event listener failed', { error: String(error) }),
  )
  const failure = (message: string) => unlessUnavailable((error) => log.error(message, { error: String(error) }))
  const background = backgroundTasks(failure('a background task failed'))
  let provisioning: Worker | undefined
  const database = databasePath(settings, folder)
  const store = await openStore(database, clock.now(), {
    isServed: true,
    onDatabaseProblem: databaseProblemLog({ log, database, monotonic: clock.monotonic }),
    verification: mail.verificationBackend,
    onEvent(event) {
      if (event.kind === 'message') messageEventBus.publish(event)
      else provisioning?.wake()
    },
  })
  try {
    await requireSameKey(store, sealer.keyId)
    // an older executable that opens this database can then name the version it needs
    if ((await store.getMeta(VERSION_KEY)) !== version) await store.putMeta({ key: VERSION_KEY, value: version })
    const policy = policyOf(settings)
    const apiKeys = apiKeysOf(settings, secrets)
    const ring = await keyringOf(settings, secrets)
    // With keys from the settings, the database has none.
    const readKeys = tokens.jwtKeys ? async () => {} : signingKeySync({ store, clock, sealer, policy, keyring: ring })
    await readKeys()
    const refreshKeys = () => readKeys().catch(failure('signing keys cannot be read'))
    const report: Report = (level, message, fields) => log[level](message, fields)
    const watch = clockWatch({ clock, report, builtAt, latestAt: await store.latestInstant() })
    const watching = setInterval(watch.compare, WATCH_CLOCK_MS)
    watching.unref()
    const core = createCore({
      store,
      clock,
      random,
      sealer,
      policy,
      apiKeys,
      keyring: ring,
      post,
      templates: templates.templates,
      qrCode,
      providers: oauthProviders({
        clock,
        timeoutMs: settings.oauth.httpTimeoutMs,
        setups: providerSetups(settings),
        custom: {
          redirectUri: `${settings.oauth.customExternalUrl ?? server.apiExternalUrl}/callback`,
          internalHosts: settings.oauth.customInternalHosts,
        },
        ...(replaced.fetchProvider && { fetch: replaced.fetchProvider }),
        ...(replaced.lookup && { lookup: replaced.lookup }),
      }),
      peers: replaced.peers ?? httpPeers({ localHosts: localPeerHosts(settings) }),
      provisioner: replaced.provisioner ?? provisionerOf(settings),
      peppers: peppersOf(settings, secrets),
      limits: rateLimits(policy, clock),
      lostResponses: lostResponses(clock),
      passwords: passwords(replaced.hasher ?? passwordHasher(accounts), clock, {
        slots: Math.max(1, cpus().length - 1),
        queue: accounts.hashQueue,
        maxWaitMs: server.maxRequestDurationMs,
      }),
      smsProvider: smsProviderOf(settings, post),
      breachedPasswords: accounts.breachCheck
        ? (replaced.breached ??
          breachedPasswords({ url: accounts.breachCheckUrl, userAgent: accounts.breachCheckUserAgent }))
        : undefined,
      captchaVerifier: captchaVerifierOf(settings, replaced.captchaOrigin),
      background: background.add,
      report,
      clockWatch: watch,
    })
    const metrics = server.metricsPort === undefined ? undefined : createMetrics({ version, commit })
    const onFault = (error: unknown, request: Request) => unlessUnavailable(() => logFault(log, request, error))(error)
    const stopping = new AbortController()
    const options = {
      version,
      onFault,
      bodyTimeoutMs: server.maxRequestDurationMs,
      stopping: stopping.signal,
      validatesResponses: replaced.validatesResponses ?? false,
    }
    const surface = gotrue(core, options, PREFIX)
    const atRoot = gotrue(core, options, '')
    const services = service(core, options)
    const federated = federation(core, options)
    const inbox = policy.mail.isMailboxOn
      ? mailbox(mailboxSource(core, messageEventBus.subscribe), {
          apiExternalUrl: server.apiExternalUrl,
          onFault,
          isForThisMachine: mail.mailbox !== 'on' && !isLocalNetwork(new URL(server.apiExternalUrl).hostname),
        })
      : undefined
    const notFoundResponse = async (request: Request): Promise<Response> => {
      const { path } = targetOf(request)
      if (isBelow(path, PREFIX)) return federated.notFoundResponse(request) ?? surface.notFoundResponse(request)
      return isBelow(path, SERVICE) ? services.notFoundResponse(request) : atRoot.notFoundResponse(request)
    }
    const pages = site({
      url: clientUrl(settings),
      publishableKey: apiKeys.publishable,
      version,
      siteUrl: server.siteUrl,
      hasSwagger: server.swagger,
      isForDeveloper: (request) => inbox?.isOpenTo(request) ?? false,
      notFoundResponse,
    })
    const withHead = new Set([...OPERATIONS_PATHS, ...pages.paths, ...(inbox?.pagePaths ?? [])])
    const routes = new Elysia(ROUTING)
      .onError(({ code, request }) => (code === 'NOT_FOUND' ? notFoundResponse(request) : undefined))
      .use(operations(core, { onFault, monotonic: clock.monotonic, checks: readinessChecks(core) }))
      .use(pages.app)
      .use(inbox?.app ?? new Elysia())
      .use(services.app)
      .use(federated.app)
      .use(surface.app)
      .use(atRoot.app) as unknown as Elysia
    const fetch = createFetch({
      notFoundResponse,
      log,
      metrics,
      presentError: errorPages((problem) => errorPage({ ...problem, siteUrl: server.siteUrl })),
      supportsHead: (path) => withHead.has(path),
      route: (request) => (isFederatedLogout(request) ? federated.logout : routes).fetch(request),
      cors: cors(server.corsAllowedHeaders, [MAILBOX]),
      requestIdHeader: server.requestIdHeader,
      trustedProxies: server.trustedProxies,
      linkHosts: { apiExternalUrl: server.apiExternalUrl, hosts: mail.externalHosts },
    })
    const { flaw, ...roles } = await roleKeys(ring, secrets, clock.now())
    if (flaw !== undefined) log.warn(flaw)
    const keys = { ...apiKeys, ...roles }
    const sender = mailSender(settings, core, log)
    if (sender) messageEventBus.subscribe((message) => message.state === 'queued' && sender.postman.wake())
    provisioning = matrixWorker(settings, core, log)
    return {
      fetch,
      core,
      store,
      keys,
      metrics,
      routes,
      templates,
      refreshKeys,
      mailWorker: sender?.postman,
      beginStopping() {
        stopping.abort()
        inbox?.close()
      },
      async close() {
        clearInterval(watching)
        await sender?.postman.stop()
        await waitAtMost(SHUTDOWN_GRACE_MS, Promise.all([background.end(), provisioning?.stop()]))
        sender?.mailer?.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** How often the wall clock is compared with a monotonic clock. */
const WATCH_CLOCK_MS = 10_000

/** The checks of `/ready`, in this order. */
function readinessChecks(core: Core): ReadinessCheck[] {
  return [
    { name: 'database', run: () => core.forTask().checkDatabase() },
    { name: 'disk', run: () => core.forTask().checkDisk() },
    { name: 'clock', run: async () => core.forTask().lookAtClock() },
  ]
}

function mailboxSource(core: Core, onMessage: MailboxSource['onMessage']): MailboxSource {
  return {
    listMessages: (filter) => core.forTask().listMessages(filter),
    readMessage: (id) => core.forTask().readMessage(id),
    deleteMessage: (id) => core.forTask().deleteMessage(id),
    clearMessages: () => core.forTask().clearMessages(),
    onMessage,
  }
}

/** Publishes new messages to the mail worker and to open mailbox pages. */
function messageEvents(onFault: (error: unknown) => void) {
  const listeners = new Set<(message: { id: string; to: string; state: string }) => void>()
  return {
    publish({ id, recipient: to, state }: Pick<Message, 'id' | 'recipient' | 'state'>) {
      for (const listener of listeners) {
        try {
          listener({ id, to, state })
        } catch (error) {
          onFault(error)
        }
      }
    },
    subscribe(listener: (message: { id: string; to: string; state: string }) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** How long a shutdown waits for outgoing requests. */
const SHUTDOWN_GRACE_MS = 5000

async function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Tasks that continue after their request has been answered. */
function backgroundTasks(onFault: (error: unknown) => void) {
  const running = new Set<Promise<unknown>>()
  return {
    add(work: Promise<unknown>) {
      const done: Promise<unknown> = work.catch(onFault).finally(() => running.delete(done))
      running.add(done)
    },
    end: () => Promise.all(running),
  }
}

/** The current pepper and the previous one. */
function peppersOf({ tokens }: Settings, secrets: Secrets): [Buffer, ...Buffer[]] {
  const present = Buffer.from(tokens.tokenPepper ?? secrets.tokenPepper)
  return tokens.tokenPepperPrevious === undefined ? [present] : [present, Buffer.from(tokens.tokenPepperPrevious)]
}
