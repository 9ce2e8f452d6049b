/** What the domain name system says about mail of a domain. */
import { Resolver } from 'node:dns/promises'
import { within } from '../lib/timers'

/** The lookups of `node:dns`; replaced in tests. */
export type DnsLookups = Pick<Resolver, 'resolveMx' | 'resolveTxt'>

/** `unreachable`: no name server answered in time. */
export type DnsAnswer<T> = { outcome: 'found'; value: T } | { outcome: 'none' } | { outcome: 'unreachable' }

export interface MailDns {
  /** Hosts that receive mail of the domain (RFC 5321 §5.1). */
  mx: DnsAnswer<string[]>
  /** The SPF records, of which there has to be exactly one (RFC 7208 §3.2). */
  spf: DnsAnswer<string[]>
  /** The DMARC record of the domain, or of its organizational domain (RFC 7489 §6.6.3). */
  dmarc: DnsAnswer<string>
}

const TIMEOUT_MS = 3000

export async function mailDns(
  domain: string,
  lookups: DnsLookups = new Resolver({ timeout: TIMEOUT_MS, tries: 1 }),
  timeoutMs = TIMEOUT_MS,
): Promise<MailDns> {
  const texts = (name: string) =>
    answerOf(
      lookups.resolveTxt(name).then((records) => records.map((parts) => parts.join(''))),
      timeoutMs,
    )
  const organization = domain.split('.').slice(-2).join('.')
  const [mx, txt, own, parent] = await Promise.all([
    answerOf(
      lookups.resolveMx(domain).then((records) => records.map(({ exchange }) => exchange)),
      timeoutMs,
    ),
    texts(domain),
    texts(`_dmarc.${domain}`),
    texts(`_dmarc.${organization}`),
  ])
  const [dmarc] = [own, parent].map((answer) => only(answer, /^v=DMARC1\s*;/i)).filter(isFound)
  return {
    mx,
    spf: only(txt, /^v=spf1(\s|$)/i),
    dmarc: dmarc
      ? { outcome: 'found', value: dmarc.value[0] as string }
      : { outcome: own.outcome === 'unreachable' ? 'unreachable' : 'none' },
  }
}

type Found<T> = Extract<DnsAnswer<T>, { outcome: 'found' }>
const isFound = <T>(answer: DnsAnswer<T>): answer is Found<T> => answer.outcome === 'found'

function only(answer: DnsAnswer<string[]>, pattern: RegExp): DnsAnswer<string[]> {
  if (!isFound(answer)) return answer
  const value = answer.value.filter((text) => pattern.test(text))
  return value.length > 0 ? { outcome: 'found', value } : { outcome: 'none' }
}

/** Name servers say with these that there is no record. */
const NONE = new Set(['ENOTFOUND', 'ENODATA', 'NOTFOUND', 'NODATA'])

async function answerOf<T>(lookup: Promise<T[]>, timeoutMs: number): Promise<DnsAnswer<T[]>> {
  const answer = lookup.then(
    (value): DnsAnswer<T[]> => (value.length > 0 ? { outcome: 'found', value } : { outcome: 'none' }),
    (error: { code?: string }): DnsAnswer<T[]> => ({ outcome: NONE.has(error.code ?? '') ? 'none' : 'unreachable' }),
  )
  return within(timeoutMs, answer, () => ({ outcome: 'unreachable' as const }))
}
