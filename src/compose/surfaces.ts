/** Mounts the surfaces, and passes each request to the one that it is for. */
import { Elysia } from 'elysia'
import type { Logo } from '../adapters/brand-logo'
import type { Settings } from '../config'
import type { LoadedSetting } from '../config/load'
import { describeLoaded } from '../config/print'
import type { Core } from '../core'
import type { Clock } from '../core/kernel/ports'
import type { Activity, ApiKeys } from '../core/kernel/server-state'
import { cors } from '../http/cors'
import { errorPages } from '../http/error-pages'
import type { Log } from '../http/log'
import type { Metrics } from '../http/metrics'
import { ROUTING } from '../http/mount'
import type { RequestContext } from '../http/request-context'
import { logFault } from '../http/request-report'
import { createFetch, type Fetch, type ServerOptions } from '../http/server'
import { isBelow, targetOf } from '../http/target'
import { wrongMethodResponse } from '../http/wrong-method'
import { isLocalNetwork } from '../lib/ip'
import { errorPage } from '../pages/error'
import { pageSiteOf } from '../pages/next-steps'
import { federation } from '../surfaces/federation'
import { type GoTrueOptions, gotrue, PREFIX } from '../surfaces/gotrue'
import { PREFIX as MAILBOX, type MailboxSource, mailbox } from '../surfaces/mailbox'
import { OPERATIONS_PATHS, operations } from '../surfaces/operations'
import { PREFIX as SERVICE, service } from '../surfaces/service'
import { isFederatedLogout } from '../surfaces/shared-logout'
import { dashboardSite, site } from '../surfaces/site'
import { commit, version } from '../version'
import { unlessUnavailable } from './database-problem-log'
import { clientUrl } from './policy'
import type { StoreEvents } from './store-events'

export interface SurfacesOptions {
  settings: Settings
  /** The same settings with their origins. */
  loaded: readonly LoadedSetting[]
  core: Core
  log: Log
  clock: Clock
  apiKeys: ApiKeys
  serverId: string
  keysCommand: string
  events: StoreEvents
  activity: Activity
  metrics: Metrics | undefined
  logo: Logo | undefined
  /** Whether every answer is checked against its schema. */
  validatesResponses: boolean
}

export interface Surfaces {
  fetch: Fetch
  /** The same with the dashboard, if that has a listener of its own. */
  fetchWithDashboard: Fetch | undefined
  /** All routes, for the documentation and its checks. */
  routes: Elysia
  /** Closes open event streams and stops waiting for slow clients. */
  beginStopping(): void
}

/** GoTrue's health check. */
const HEALTH_PATHS = ['/health', `${PREFIX}/health`]

type OnFault = (error: unknown, request: Request) => void

export function mountSurfaces(options: SurfacesOptions): Surfaces {
  const { settings, loaded, core, log, clock, activity, metrics, validatesResponses } = options
  const { server, mail } = settings
  const onFault: OnFault = (error, request) => unlessUnavailable(() => logFault(log, request, error))(error)
  const stopping = new AbortController()
  const bodyTimeoutMs = server.maxRequestDurationMs
  const administration = { commit, startedAt: clock.now(), settings: describeLoaded(loaded) }
  const api = mountApi(core, {
    version,
    serverId: options.serverId,
    administration,
    onFault,
    bodyTimeoutMs,
    stopping: stopping.signal,
    validatesResponses,
  })
  const inbox = mailboxOf(options, onFault)
  const pages = site({
    url: clientUrl(settings),
    publishableKey: options.apiKeys.publishable,
    keysCommand: options.keysCommand,
    version,
    site: pageSiteOf(core.policy),
    hasSwagger: server.swagger,
    hasDashboard: server.dashboard && server.dashboardPort === undefined,
    hasAccountPage: settings.accountPage.enabled,
    hasDocumentation: server.docs,
    logo: options.logo,
    isForDeveloper: (request) => inbox?.isOpenTo(request) ?? false,
    notFoundResponse: api.notFoundResponse,
  })
  const health = operations(core, { onFault, monotonic: clock.monotonic, serverId: options.serverId })
  const routes = new Elysia(ROUTING)
    .onError(({ code, request }) => (code === 'NOT_FOUND' ? notFoundResponse(request) : undefined))
    .use(health)
    .use(pages.app)
    .use(inbox?.app ?? new Elysia())
    .use(api.app) as unknown as Elysia
  const withHead = new Set([...OPERATIONS_PATHS, ...pages.paths, ...(inbox?.pagePaths ?? [])])
  const supportsHead = (path: string) => withHead.has(path) || pages.isDocumentation(path)
  const wrongMethod = wrongMethodResponse([health, ...(inbox ? [inbox.app] : [])], supportsHead)
  const notFoundResponse = async (request: Request) => wrongMethod(request) ?? api.notFoundResponse(request)
  const frequent = new Set([...withHead, ...HEALTH_PATHS])
  const isLocal = isLocalNetwork(new URL(server.apiExternalUrl).hostname)
  const helpUrl = server.docs ? (code: string) => `${clientUrl(settings)}/docs/errors/${code}` : undefined
  const shared = {
    notFoundResponse,
    log,
    metrics,
    onRefused: refusalRecorder(activity),
    helpUrl,
    presentError: errorPages(({ documentedCode, ...problem }) => {
      const help = isLocal && documentedCode !== undefined ? helpUrl?.(documentedCode) : undefined
      return errorPage({ ...problem, site: pageSiteOf(core.policy), helpUrl: help })
    }),
    supportsHead,
    isFrequent: (route: string) => frequent.has(route),
    route: (request: Request) => (isFederatedLogout(request) ? api.federatedLogout : routes).fetch(request),
    cors: cors(server.corsAllowedHeaders, [MAILBOX]),
    requestIdHeader: server.requestIdHeader,
    trustedProxies: server.trustedProxies,
    linkHosts: { apiExternalUrl: server.apiExternalUrl, hosts: mail.externalHosts },
  }
  const beginStopping = () => {
    stopping.abort()
    inbox?.close()
  }
  const fetchWithDashboard = server.dashboard && server.dashboardPort !== undefined ? withDashboard(shared) : undefined
  return { fetch: createFetch(shared), fetchWithDashboard, routes, beginStopping }
}

/** The dashboard calls the API of its own origin, so its listener serves that as well. */
function withDashboard(shared: ServerOptions): Fetch {
  const { app, paths } = dashboardSite()
  const isPage = (path: string) => paths.includes(path)
  return createFetch({
    ...shared,
    supportsHead: (path) => isPage(path) || shared.supportsHead(path),
    isFrequent: (route) => isPage(route) || shared.isFrequent(route),
    route: (request) => (isPage(targetOf(request).path) ? app.fetch(request) : shared.route(request)),
  })
}

/** The endpoints for applications. */
function mountApi(core: Core, options: GoTrueOptions) {
  const surface = gotrue(core, options, PREFIX)
  const atRoot = gotrue(core, options, '')
  const services = service(core, options)
  const federated = federation(core, options)
  return {
    app: new Elysia(ROUTING).use(services.app).use(federated.app).use(surface.app).use(atRoot.app),
    federatedLogout: federated.logout,
    async notFoundResponse(request: Request): Promise<Response> {
      const { path } = targetOf(request)
      if (isBelow(path, PREFIX)) return federated.notFoundResponse(request) ?? surface.notFoundResponse(request)
      return isBelow(path, SERVICE) ? services.notFoundResponse(request) : atRoot.notFoundResponse(request)
    },
  }
}

function mailboxOf({ settings: { server, mail }, core, events }: SurfacesOptions, onFault: OnFault) {
  if (!core.policy.mail.isMailboxOn) return undefined
  const source: MailboxSource = {
    listMessages: (filter) => core.forTask().listMessages(filter),
    readMessage: (id) => core.forTask().readMessage(id),
    deleteMessage: (id) => core.forTask().deleteMessage(id),
    clearMessages: () => core.forTask().clearMessages(),
    onMessage: events.onMessage,
  }
  return mailbox(source, {
    apiExternalUrl: server.apiExternalUrl,
    onFault,
    isForThisMachine: mail.mailbox !== 'on' && !isLocalNetwork(new URL(server.apiExternalUrl).hostname),
  })
}

/** Counts and records refused requests. */
function refusalRecorder({ count, refused }: Activity) {
  return (request: Request, { id, route, refusal, facts, client }: RequestContext, status: number) => {
    const { account, attempt } = facts
    if (attempt === 'refresh') count('refresh', 'refused')
    else if (attempt !== undefined) count('sign_in', `${attempt}:refused`)
    refused({
      requestId: id,
      method: request.method,
      route: route ?? '',
      status,
      reason: refusal?.reason ?? 'fault',
      exceeded: refusal?.detail.limit,
      userId: account,
      ip: client().ip,
    })
  }
}
