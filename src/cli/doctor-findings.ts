/** The findings of `latchkey doctor` that follow from what was read, each with what to do. */
import type { MailDns } from '../adapters/mail-dns'
import { canonicalIp } from '../lib/ip'

export interface Finding {
  check: string
  state: 'ok' | 'warn' | 'fail'
  message: string
  /** What to do; absent if nothing has to be done. */
  advice?: string
}

export const ok = (check: string, message: string): Finding => ({ check, state: 'ok', message })
export const warn = (check: string, message: string, advice: string): Finding => ({
  check,
  state: 'warn',
  message,
  advice,
})
export const failed = (check: string, message: string, advice: string): Finding => ({
  check,
  state: 'fail',
  message,
  advice,
})

const UNREACHABLE = 'could not be looked up: no name server answered'

/** @param domain of the sender's address @param smtpHost the mail server, for the advice */
export function mailDnsFindings(domain: string, { mx, spf, dmarc }: MailDns, smtpHost: string): Finding[] {
  const again = 'run this again on a machine with access to the internet'
  const findings: Finding[] = []
  if (mx.outcome === 'unreachable') findings.push(warn('mail mx', `${domain} ${UNREACHABLE}`, again))
  else if (mx.outcome === 'none')
    findings.push(
      warn(
        'mail mx',
        `${domain} has no MX record, so it receives no mail, and some servers refuse mail from it`,
        `send from a domain that receives mail (AUTH_SMTP_ADMIN_EMAIL), or add an MX record to ${domain}`,
      ),
    )
  else findings.push(ok('mail mx', `${domain} receives mail at ${mx.value.join(', ')}`))
  findings.push(spfFinding(domain, spf, smtpHost))
  findings.push(dmarcFinding(domain, dmarc))
  findings.push(
    ok(
      'mail dkim',
      `send yourself a mail (latchkey mail test <address>) and look for dkim=pass in its header Authentication-Results; the name of a DKIM key cannot be looked up`,
    ),
  )
  return findings
}

function spfFinding(domain: string, spf: MailDns['spf'], smtpHost: string): Finding {
  if (spf.outcome === 'unreachable')
    return warn('mail spf', `${domain} ${UNREACHABLE}`, 'run this again on a machine with access to the internet')
  if (spf.outcome === 'none')
    return warn(
      'mail spf',
      `${domain} has no SPF record, so mail from it is likely to be taken for spam`,
      `add a TXT record to ${domain}, such as "v=spf1 ${canonicalIp(smtpHost) === undefined ? `a:${smtpHost}` : 'mx'} -all", or what your mail provider names`,
    )
  const [record = ''] = spf.value
  if (spf.value.length > 1)
    return failed(
      'mail spf',
      `${domain} has ${spf.value.length} SPF records, which makes all of them void`,
      'merge them into one',
    )
  if (/(^|\s)\+?all(\s|$)/i.test(record))
    return warn('mail spf', `${domain} lets every server send its mail: ${record}`, 'end the record with -all or ~all')
  return ok('mail spf', `${domain}: ${record}`)
}

function dmarcFinding(domain: string, dmarc: MailDns['dmarc']): Finding {
  if (dmarc.outcome === 'unreachable')
    return warn('mail dmarc', `${domain} ${UNREACHABLE}`, 'run this again on a machine with access to the internet')
  if (dmarc.outcome === 'none')
    return warn(
      'mail dmarc',
      `${domain} has no DMARC record, which large mail providers demand`,
      `add a TXT record to _dmarc.${domain}, such as "v=DMARC1; p=none"`,
    )
  return ok('mail dmarc', `${domain}: ${dmarc.value}`)
}

/** @param mode permission bits of the file @param kind what is at the path */
export function permissionFinding(path: string, mode: number, kind: 'folder' | 'file'): Finding {
  const right = kind === 'folder' ? '700' : '600'
  const shown = (mode & 0o777).toString(8).padStart(3, '0')
  if ((mode & 0o077) === 0) return ok('permissions', `${path} (${shown}) is readable by its owner only`)
  return failed(
    'permissions',
    `other users of this machine can read or write ${path} (${shown})`,
    `chmod ${right} ${path}`,
  )
}

/** A clock that is this far from another one makes tokens expire early, or be refused as issued in the future. */
const CLOCK_TOLERANCE_MS = 5000

/** @param theirs Unix milliseconds @param name the other clock */
export function clockFinding(own: number, theirs: number, name: string): Finding {
  const seconds = Math.round((own - theirs) / 1000)
  if (Math.abs(own - theirs) <= CLOCK_TOLERANCE_MS) return ok('clock', `agrees with ${name}`)
  return failed(
    'clock',
    `is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ${name}`,
    'set the clock of this machine, and keep it set with NTP (timedatectl set-ntp true)',
  )
}

export interface ProxySettings {
  apiExternalUrl: string
  /** Whether the server listens on this machine only. */
  isLoopback: boolean
  /** Whether the URL is of this machine or its network. */
  isLocal: boolean
  trustedProxies: number
}

/** Behind a proxy that is not trusted, all clients have the proxy's address: one rate limit, one audit address. */
export function proxyFinding({ apiExternalUrl, isLoopback, isLocal, trustedProxies }: ProxySettings): Finding {
  const isBehindProxy = !isLocal && (apiExternalUrl.startsWith('https:') || isLoopback)
  if (trustedProxies > 0)
    return ok('proxy', 'X-Forwarded-For is read from the networks of AUTH_TRUSTED_PROXIES, and from nowhere else')
  if (!isBehindProxy) return ok('proxy', 'no proxy is needed at this URL')
  return failed(
    'proxy',
    `${apiExternalUrl} is served by a proxy, but AUTH_TRUSTED_PROXIES is empty: all clients share one address and its rate limits`,
    isLoopback
      ? 'set AUTH_TRUSTED_PROXIES=127.0.0.1/32,::1/128, and let the proxy set X-Forwarded-For'
      : 'set AUTH_TRUSTED_PROXIES to the address or network of the proxy, and let it set X-Forwarded-For',
  )
}
