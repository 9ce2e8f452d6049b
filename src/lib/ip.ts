/**
 * IP addresses and networks, based on ipaddr.js: one textual form per address, so that aliases do not bypass a limit.
 */
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
export type Cidr = [network: Address, bits: number]

/**
 * The canonical text of an address: IPv4-mapped IPv6 becomes IPv4, IPv6 is compressed and lower-case; zone id, port and
 * brackets are removed.
 * @returns undefined if the text is not an address
 */
export function canonicalIp(text: string): string | undefined {
  const ipv4 = text.startsWith(IPV4_MAPPED) ? text.slice(IPV4_MAPPED.length) : text
  return IPV4.test(ipv4) ? ipv4 : parse(text)?.toString()
}

/** As a socket for both IP versions names IPv4 peers (RFC 4291 §2.5.5.2). */
const IPV4_MAPPED = '::ffff:'
/** The canonical text of an IPv4 address, which parsing would return as it is. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/** The unit of rate limits: an IPv4 address, or the /64 of an IPv6 address. */
export const clientPrefix = (ip: string) => network(ip, 32, 64)

/** The network a user is known from: /24 of IPv4, /64 of IPv6 (docs/decisions.md#d28). */
export const networkPrefix = (ip: string) => network(ip, 24, 64)

/** The network that one party typically controls: /24 of IPv4, /48 of IPv6. */
export const sitePrefix = (ip: string) => network(ip, 24, 48)

function network(ip: string, bits4: number, bits6: number): string {
  const address = parse(ip)
  return address ? prefix(address, address.kind() === 'ipv4' ? bits4 : bits6) : ip
}

/** `10.0.0.0/8`, `fd00::/8`, or a single address. @returns undefined if it is neither */
export function parseCidr(text: string): Cidr | undefined {
  const [, network = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? []
  const address = parse(network)
  const longest = address?.kind() === 'ipv4' ? 32 : 128
  const bits = Number(length ?? longest)
  return address && bits <= longest ? [address, bits] : undefined
}

export const isIpv6 = (text: string): boolean => ipaddr.IPv6.isValid(text)

export function isInNetworks(ip: string, networks: readonly Cidr[]): boolean {
  const address = parse(ip)
  return (
    address !== undefined &&
    networks.some((network) => address.kind() === network[0].kind() && address.match(network as never))
  )
}

export function isLoopback(ip: string): boolean {
  return parse(ip)?.range() === 'loopback'
}

/** Whether the host of a URL is this machine, by name or address. */
export const isLoopbackHost = (host: string): boolean => host === 'localhost' || isLoopback(host)

/** As `isLoopbackHost`, with the names below localhost, which browsers take for this machine (RFC 6761 §6.3). */
export const isLoopbackInBrowsers = (host: string): boolean => /^(.+\.)?localhost$/i.test(host) || isLoopback(host)

/** Whether a host name or address is on this machine or its local network. */
export function isLocalNetwork(host: string): boolean {
  const range = parse(host)?.range()
  if (range !== undefined) return ['loopback', 'private', 'uniqueLocal', 'linkLocal'].includes(range)
  return !host.includes('.') || /\.(localhost|local|internal|lan|test)$/i.test(host)
}

/** Whether an address is on the public Internet: not loopback, private, or an alias of another. */
export function isPublic(ip: string): boolean {
  return parse(ip)?.range() === 'unicast'
}

function parse(text: string): Address | undefined {
  let host = text.trim()
  if (host.startsWith('[')) host = host.slice(1, host.indexOf(']'))
  else if (/^[\d.]+:\d+$/.test(host)) host = host.slice(0, host.indexOf(':'))
  const zone = host.indexOf('%')
  if (zone >= 0) host = host.slice(0, zone)
  // ipaddr.js also accepts `1`, `0x7f.1` and octal octets, which no peer or proxy sends
  if (!ipaddr.IPv4.isValidFourPartDecimal(host) && !ipaddr.IPv6.isValid(host)) return undefined
  return ipaddr.process(host)
}

function prefix(address: Address, bits: number): string {
  const bytes = address
    .toByteArray()
    .map((byte, index) => byte & (0xff << Math.max(0, Math.min(8, 8 * (index + 1) - bits))))
  return `${ipaddr.fromByteArray(bytes)}/${bits}`
}
