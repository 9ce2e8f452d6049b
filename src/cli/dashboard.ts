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
 * While there never was an administrator, makes a link that makes one, once. It is for a terminal alone: a log, which
 * others may read, must not have it. Its token is in the fragment, which browsers do not send.
 * @param url of the dashboard
 */
export async function setupLink({ core }: App, log: Log, url: string | undefined): Promise<string | undefined> {
  if (url === undefined) return undefined
  try {
    const token = await core.forTask().openSetup()
    return token && `${url}#/setup/${token}`
  } catch (error) {
    log.error('the link to the first administrator could not be made', { error: String(error) })
    return undefined
  }
}
