/** How every SMS provider is called: a form POST, answered with JSON. */
import type { HttpPost, SmsProvider } from '../core/kernel/ports'
import type { Json } from '../lib/json'

export interface ApiOptions {
  /** Base URL of the API without a trailing slash, instead of the provider's own. */
  baseUrl?: string
  timeoutMs?: number
}

interface ProviderRequest {
  provider: string
  url: string
  headers?: Record<string, string>
  form: Record<string, string>
  /** Redacted from every error text, because users see these texts. */
  secrets: string[]
  /** Milliseconds. */
  timeoutMs?: number
}

/**
 * `body` is any JSON object or array. `error` is set if there is none; `status` is the status of the response, if there
 * was one.
 */
export type ProviderResponse = { status: number; body: Json } | { status?: number; error: string }

type Outcome = Awaited<ReturnType<SmsProvider['send']>>

const TIMEOUT_MS = 10_000
const MAX_BYTES = 65_536
const MAX_ERROR_CHARACTERS = 200

/** @param read extracts the id of the accepted message, or the provider's error text */
export async function submitMessage(
  request: ProviderRequest,
  post: HttpPost,
  read: (answer: { status: number; body: Json }) => { id: string } | { error: string },
): Promise<Outcome> {
  const answer = await postForm(request, post)
  const result = 'error' in answer ? answer : read(answer)
  if ('id' in result) return { outcome: 'sent', id: result.id }
  return { outcome: 'failed', error: errorText(result.error || fallback(request, answer.status), request) }
}

export async function postForm(request: ProviderRequest, post: HttpPost): Promise<ProviderResponse> {
  const { provider, url, headers, form, timeoutMs = TIMEOUT_MS } = request
  const answer = await post({
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
    body: new URLSearchParams(form).toString(),
    timeoutMs,
    maxBytes: MAX_BYTES,
  })
  if (answer.outcome === 'timed_out') return { error: `${provider} did not respond within ${timeoutMs} ms` }
  if (answer.outcome === 'unreachable') {
    return { error: errorText(`${provider} cannot be reached: ${answer.error}`, request) }
  }
  const body = answer.isTooLarge ? undefined : parseJson(answer.body)
  return body === undefined
    ? { status: answer.status, error: fallback(request, answer.status) }
    : { status: answer.status, body }
}

/** The text at a path in JSON, numbers as text; empty if missing. */
export function textAt(json: Json, ...path: (string | number)[]): string {
  let value: Json | undefined = json
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, Json>)[key] : undefined
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** The response of providers without WhatsApp (GoTrue's wording). */
export function unsupported(channel: string, provider: string): Outcome {
  return { outcome: 'failed', error: `channel type "${channel}" is not supported for ${provider}` }
}

/** A single short line, without secrets. */
export function errorText(text: string, { secrets }: Pick<ProviderRequest, 'secrets'>): string {
  const safe = secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  return safe.replace(/\s+/g, ' ').trim().slice(0, MAX_ERROR_CHARACTERS)
}

function fallback({ provider }: ProviderRequest, status: number | undefined): string {
  return `${provider} answered ${status}`
}

function parseJson(text: string): Json | undefined {
  try {
    const json = JSON.parse(text)
    return typeof json === 'object' && json !== null ? json : undefined
  } catch {
    return undefined
  }
}
