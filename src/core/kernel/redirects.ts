/** The redirect target of a link. */
import type { Context } from './context'
import { entryThatAllows, redirectRejection } from './redirect-rules'

export interface RedirectCandidates {
  /** Targets requested by the client, in order of precedence. */
  candidates: readonly (string | undefined)[]
  /** The Referer header; refusing it is not reported. */
  referer: string | undefined
}

/**
 * The first allowed candidate, else the site URL. Spaces are treated as `%20`. A refused candidate is logged with the
 * reason, and with the allow-list entry that would permit it.
 */
export function chooseRedirect(
  context: Pick<Context, 'policy' | 'report'>,
  { candidates, referer = '' }: RedirectCandidates,
): string {
  const { redirects } = context.policy
  for (const written of candidates) {
    if (!written) continue
    const candidate = written.replaceAll(' ', '%20')
    if (isAllowedRedirect(context, candidate, 'links use the site URL instead')) return candidate
  }
  const page = referer.replaceAll(' ', '%20')
  return page !== '' && redirectRejection(redirects, page) === undefined ? page : redirects.siteUrl
}

/** Whether an address is the site's or on the list; logs the reason if not. @param consequence of a refusal */
export function isAllowedRedirect(
  { policy: { redirects }, report }: Pick<Context, 'policy' | 'report'>,
  candidate: string,
  consequence: string,
): boolean {
  const reason = redirectRejection(redirects, candidate)
  if (reason === undefined) return true
  const entry = entryThatAllows(redirects, candidate)
  report('warn', `a redirect target was rejected: ${consequence}`, {
    redirect_to: shortened(candidate),
    reason,
    ...(entry !== undefined && { add_to_AUTH_URI_ALLOW_LIST: entry }),
  })
  return false
}

/** Without parts that may be secret. */
const shortened = (text: string) =>
  text
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/]*@/, '//')
    .slice(0, 200)
