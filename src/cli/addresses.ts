/** The URLs of a running server: on this machine, in its network, and behind a proxy. */
import { networkInterfaces } from 'node:os'
import { clientUrl, isMailboxOn } from '../compose/policy'
import type { Settings } from '../config'
import { isLocalNetwork, isLoopbackHost } from '../lib/ip'

export interface Addresses {
  /** The URL for supabase-js. */
  client: string
  /** The listener's URL on this machine; never the public URL. */
  local: string
  /** Whether both URLs are equal, so that one line is enough. */
  isOne: boolean
  /** The listener's URL for other machines; undefined if it listens on loopback only. */
  network: string[]
  mailbox: { url: string; reach: 'anyone' | 'this machine' } | undefined
}

const WILDCARDS: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }

export const isLocalUrl = (url: string) => isLoopbackHost(hostOf(url))
/** Whether a URL points to this machine or its local network. */
export const isLocalNetworkUrl = (url: string) => isLocalNetwork(hostOf(url))

const hostOf = (url: string) => new URL(url).hostname.replace(/^\[|\]$/g, '')

/** For example `http://127.0.0.1:7020` or `http://[::1]:7020`. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The URL at which this machine reaches the listener. */
export const listenerUrl = ({ host, port }: Pick<Settings['server'], 'host' | 'port'>): string =>
  urlOf({ '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host, port)

/** @param interfaces the addresses of this machine; replaced in tests */
export function addressesOf(settings: Settings, interfaces: () => string[] = ownAddresses): Addresses {
  const { host, port } = settings.server
  const configured = clientUrl(settings)
  const isWildcard = host in WILDCARDS
  const answersLocalhost = isWildcard || host === 'localhost' || host === '127.0.0.1'
  const isOwnPort = isLocalUrl(configured) && new URL(configured).port === String(port)
  const isDefault = configured === `http://localhost:${port}`
  const listener = answersLocalhost ? `http://localhost:${port}` : urlOf(host, port)
  // The default names localhost, which does not resolve to another single listen address.
  const client = isDefault ? listener : configured
  const local = isOwnPort && answersLocalhost ? client : listener
  return {
    client,
    local,
    isOne: client === local,
    network: isWildcard
      ? interfaces()
          .filter((ip) => host === '::' || !ip.includes(':'))
          .map((ip) => urlOf(ip, port))
      : [],
    mailbox: mailboxOf(settings, local),
  }
}

/** Behind a public URL the mailbox is served on this machine only, unless it was enabled explicitly. */
function mailboxOf(settings: Settings, local: string): Addresses['mailbox'] {
  const { server, mail } = settings
  if (!isMailboxOn(settings)) return undefined
  const isForThisMachine = mail.mailbox !== 'on' && !isLocalNetworkUrl(server.apiExternalUrl)
  return { url: `${local}/mailbox`, reach: isForThisMachine ? 'this machine' : 'anyone' }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
}
