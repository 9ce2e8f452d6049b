/** The dashboard at start: a listener of its own if it has a port, its URL, and the link to the first administrator. */
import type { App } from '../compose/app'
import type { Settings } from '../config'
import type { Log } from '../http/log'
import { addressesOf, urlOf } from './addresses'
import { type Listener, type ListenerOptions, listen } from './listener'

export interface ServedDashboard {
  /** On this machine; undefined if the dashboard is off. */
  url: string | undefined
  listener: Listener | undefined
}

export function serveDashboard(
  settings: Settings,
  { fetchWithDashboard }: Pick<App, 'fetchWithDashboard'>,
  shared: Pick<ListenerOptions, 'idleTimeoutMs' | 'onError'>,
): ServedDashboard {
  const { dashboard, dashboardHost: host, dashboardPort = 0 } = settings.server
  if (!fetchWithDashboard)
    return { url: dashboard ? `${addressesOf(settings).local}/dashboard` : undefined, listener: undefined }
  const listener = listen({ ...shared, host, port: dashboardPort, answer: fetchWithDashboard })
  return { url: `${urlOf(host, listener.port)}/dashboard`, listener }
}

/**
 * While there never was an administrator, logs a link that makes one, once. Its token is in the fragment, which browsers
 * do not send, so no proxy logs it.
 */
export async function offerSetup({ core }: App, log: Log, url: string | undefined): Promise<void> {
  if (url === undefined) return
  try {
    const token = await core.forTask().openSetup()
    if (token !== undefined) log.info('make the first administrator within 24 hours', { url: `${url}#/setup/${token}` })
  } catch (error) {
    log.error('the link to the first administrator could not be made', { error: String(error) })
  }
}
