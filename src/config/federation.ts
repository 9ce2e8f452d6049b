/** Other servers whose accounts may sign in here (docs/other-surfaces.md#federation). */
import { isLoopbackHost } from '../lib/ip'
import { urlRejection } from '../lib/public-url'
import { field, inMilliseconds } from './policy-field'
import { setting } from './setting'
import { integer, list, type ValueType } from './value-types'

export interface ListedServer {
  name: string | undefined
  /** Base URL without a trailing slash. */
  url: string
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** `name=https://auth.example.com`, or only the URL. */
const servers: ValueType<ListedServer[]> = {
  name: 'list of URLs or name=URL',
  format: (found) => found.map(({ name, url }) => (name === undefined ? url : `${name}=${url}`)).join(','),
  parse(value) {
    const found = list.parse(value).map(serverOf)
    const labels = found.flatMap(({ name, url }) => (name === undefined ? [url] : [name, url]))
    if (new Set(labels).size !== labels.length) throw new Error('a list in which no name and no URL occurs twice')
    return found
  },
}

function serverOf(item: string): ListedServer {
  const [, name, text = ''] = /^(?:([^=:/]+)=)?(.+)$/.exec(item) ?? []
  if (name !== undefined && (!NAME.test(name) || name === 'local'))
    throw new Error(`a list of name=URL, with names of a-z, 0-9, ".", "_" and "-" other than "local"`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
  if (!url || !isSafe || url.username || url.password || url.search || url.hash)
    throw new Error('a list of https URLs (http for this machine only) without user, query and fragment')
  if (urlRejection(url.href, []) === 'nearby' && !isLoopbackHost(url.hostname))
    throw new Error('a list of URLs that are public or on this machine: servers in private networks are not contacted')
  return { name, url: url.href.replace(/\/+$/, '') }
}

export const federation = {
  servers: setting({
    name: 'FEDERATION_SERVERS',
    also: ['FEDERATION_SERVERS'],
    kind: servers,
    default: [],
    feeds: field('federation.servers'),
    doc: 'Servers whose accounts may sign in at `/auth/v1/login`, as base URLs with an optional name: `work=https://auth.example.com`. No other server is ever contacted.',
  }),
  tokenSeconds: setting({
    name: 'FEDERATION_TOKEN_TTL',
    kind: integer(60, 86_400),
    default: 3600,
    unit: 'seconds',
    feeds: field('federation.tokenMs', inMilliseconds),
    doc: 'Lifetime of the tokens of `/auth/v1/login` (`fed_…`). Their sessions last at most 30 days.',
  }),
}
