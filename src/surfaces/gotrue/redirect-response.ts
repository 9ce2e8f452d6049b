/** Redirects back to the application, with parameters in the URL. */
import type { Refusal } from '../../core/kernel/refusal'
import { encodeForm } from '../../lib/form'
import { errorOf } from './errors'

/** OAuth error codes by status (RFC 6749 §4.1.2.1); other statuses have none. */
const OAUTH_ERRORS: Record<number, string> = {
  400: 'invalid_request',
  401: 'unauthorized_client',
  403: 'access_denied',
  500: 'server_error',
  503: 'temporarily_unavailable',
}

/** A refusal as URL parameters. */
export function errorParameters(refusal: Refusal): Record<string, string> {
  const { status, code, message } = errorOf(refusal)
  const error = OAUTH_ERRORS[status]
  return { ...(error !== undefined && { error }), error_code: code, error_description: message }
}

/** The response must not be cached, and the target page must not leak its URL as referrer. */
export const PRIVATE_HEADERS = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }

export function redirectResponse(status: 302 | 303, target: string, more: Record<string, string> = {}): Response {
  // headers are ASCII only; other characters of the URL are escaped, as Go does
  const location = target.toWellFormed().replace(/[\u0080-\u{10ffff}]+/gu, encodeURIComponent)
  return new Response(null, {
    status,
    headers: { location, 'content-type': 'text/html; charset=utf-8', ...PRIVATE_HEADERS, ...more },
  })
}

/** Adds parameters to the query of a URL of any scheme; keys are sorted, as in Go. */
export function withQuery(url: string, added: Record<string, string>): string {
  const [, head = '', query = '', fragment = ''] = PARTS.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  for (const [name, value] of Object.entries(added)) parameters.set(name, value)
  parameters.sort()
  return `${head}?${encodeForm(parameters)}${fragment}`
}

/** Appends a fragment with a session. An existing fragment of the URL is kept in front of it, as in GoTrue. */
export const withSession = (url: string, values: Record<string, string>): string =>
  `${url}#${encodeForm(Object.entries(values))}`

/**
 * Puts a message or an error in the fragment, replacing any that the URL has. GoTrue escapes it twice, and clients
 * expect that.
 */
export function withMessage(url: string, values: Record<string, string>): string {
  return `${url.replace(/#.*$/s, '')}#${encodeForm(Object.entries(values)).replaceAll('%', '%25')}`
}

const PARTS = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s
