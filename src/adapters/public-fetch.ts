/**
 * Requests to addresses that someone other than the operator chose: https only, public Internet only, and to the
 * resolved address that was checked, even if the name resolves differently a moment later.
 */
import { lookup as lookUp } from 'node:dns/promises'
import { canonicalIp, isPublic } from '../lib/ip'
import { hostOf, isInternal, urlRejection } from '../lib/public-url'

/** @returns every address of a host */
export type Lookup = (host: string) => Promise<string[]>

export interface PublicFetchOptions {
  /** The operator's hosts that may be private and http. */
  internalHosts: readonly string[]
  /** Replaced in tests. */
  fetch?: typeof fetch
  lookup?: Lookup
}

/** Error codes of a connection that was never established; another address may be tried. */
const UNREACHED = new Set('ConnectionRefused FailedToOpenSocket ECONNREFUSED ENETUNREACH EHOSTUNREACH'.split(' '))

/** @throws if the URL, or one of the addresses of its host, is not public; and as `fetch` does */
export function publicFetch({ internalHosts, fetch: fetcher = fetch, lookup = systemLookup }: PublicFetchOptions) {
  const guarded = async (input: string | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input)
    const flaw = urlRejection(url.href, internalHosts)
    if (flaw) throw new Error(`${url.host} is ${flaw === 'nearby' ? 'not public' : flaw}`)
    const host = hostOf(url)
    if (isInternal(url, internalHosts) || canonicalIp(host) !== undefined) return fetcher(url, init)
    const addresses = await rejectOnAbort(init.signal, lookup(host).catch(unknownHost(host)))
    if (addresses.length === 0 || !addresses.every(isPublic)) throw new Error(`${host} is not public`)
    return tryEachAddress(addresses, (address) => fetcher(...pinToAddress(url, host, address, init)))
  }
  return Object.assign(guarded, { preconnect() {} }) as typeof fetch
}

const unknownHost =
  (host: string) =>
  ({ code = 'failed' }: { code?: string }): never => {
    throw new Error(`${host} cannot be resolved: ${code}`)
  }

/** The certificate must match the host name; pooled connections of another name to the same address are not used. */
function pinToAddress(url: URL, host: string, address: string, init: RequestInit): [URL, RequestInit] {
  const target = new URL(url)
  target.hostname = address.includes(':') ? `[${address}]` : address
  const headers = new Headers(init.headers)
  headers.set('host', url.host)
  return [target, { ...init, headers, keepalive: false, tls: { serverName: host } } as RequestInit]
}

async function tryEachAddress(addresses: readonly string[], call: (address: string) => Promise<Response>) {
  for (const address of addresses.slice(0, -1)) {
    try {
      return await call(address)
    } catch (error) {
      if (!UNREACHED.has((error as { code?: string }).code ?? '')) throw error
    }
  }
  return call(addresses.at(-1) ?? '')
}

/** IPv4 first, because it works more often than IPv6. */
async function systemLookup(host: string): Promise<string[]> {
  const found = await lookUp(host, { all: true, order: 'ipv4first' })
  return found.map(({ address }) => address)
}

/** A DNS lookup cannot be canceled, but nothing has to wait for it. */
async function rejectOnAbort<T>(signal: AbortSignal | null | undefined, work: Promise<T>): Promise<T> {
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
