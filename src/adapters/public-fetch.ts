/**
 * Requests to addresses that somebody else than the operator chose: over https, to the public Internet, and to that very
 * address of a name which was looked at, whatever the name stands for a moment later.
 */
import { lookup as lookUp } from 'node:dns/promises'
import { canonicalIp, isPublic } from '../lib/ip'
import { flawOfUrl, hostOf, isInternal } from '../lib/public-url'

/** @returns every address of a host */
export type Lookup = (host: string) => Promise<string[]>

export interface PublicFetchOptions {
  /** Hosts of the operator's that need be neither public nor https. */
  internalHosts: readonly string[]
  /** Replaced in tests. */
  fetch?: typeof fetch
  lookup?: Lookup
}

/** The codes of a connection that never came about, after which another address may be tried. */
const UNREACHED = new Set('ConnectionRefused FailedToOpenSocket ECONNREFUSED ENETUNREACH EHOSTUNREACH'.split(' '))

/** @throws where the URL, or one of the addresses of its host, is not public; and as `fetch` does */
export function publicFetch({ internalHosts, fetch: fetcher = fetch, lookup = systemLookup }: PublicFetchOptions) {
  const guarded = async (input: string | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input)
    const flaw = flawOfUrl(url.href, internalHosts)
    if (flaw) throw new Error(`${url.host} is ${flaw === 'nearby' ? 'not public' : flaw}`)
    const host = hostOf(url)
    if (isInternal(url, internalHosts) || canonicalIp(host) !== undefined) return fetcher(url, init)
    const addresses = await until(init.signal, lookup(host).catch(unknownHost(host)))
    if (addresses.length === 0 || !addresses.every(isPublic)) throw new Error(`${host} is not public`)
    return firstReached(addresses, (address) => fetcher(...pinned(url, host, address, init)))
  }
  return Object.assign(guarded, { preconnect() {} }) as typeof fetch
}

const unknownHost =
  (host: string) =>
  ({ code = 'failed' }: { code?: string }): never => {
    throw new Error(`${host} cannot be looked up: ${code}`)
  }

/** The certificate must be that of the name; a connection of another name to the same address is not used. */
function pinned(url: URL, host: string, address: string, init: RequestInit): [URL, RequestInit] {
  const target = new URL(url)
  target.hostname = address.includes(':') ? `[${address}]` : address
  const headers = new Headers(init.headers)
  headers.set('host', url.host)
  return [target, { ...init, headers, keepalive: false, tls: { serverName: host } } as RequestInit]
}

async function firstReached(addresses: readonly string[], call: (address: string) => Promise<Response>) {
  for (const address of addresses.slice(0, -1)) {
    try {
      return await call(address)
    } catch (error) {
      if (!UNREACHED.has((error as { code?: string }).code ?? '')) throw error
    }
  }
  return call(addresses.at(-1) ?? '')
}

/** IPv4 first, which leads further than IPv6 more often than the other way round. */
async function systemLookup(host: string): Promise<string[]> {
  const found = await lookUp(host, { all: true, order: 'ipv4first' })
  return found.map(({ address }) => address)
}

/** Looking a name up cannot be stopped; nobody needs to wait for it, though. */
async function until<T>(signal: AbortSignal | null | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  work.catch(() => {})
  try {
    return await Promise.race([work, ended])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
