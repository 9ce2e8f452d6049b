/** How every provider is asked: a form by POST, answered in JSON. */
import type { HttpPost, SmsProvider } from '../../core/ports'
import type { Json } from '../../lib/json'

export interface ProviderOptions {
  /** Where the API is, without a slash at the end, in place of the provider's own address. */
  baseUrl?: string
  timeoutMs?: number
}

interface Question {
  provider: string
  url: string
  headers?: Record<string, string>
  form: Record<string, string>
  /** Replaced in every error text, which users get to see. */
  secrets: string[]
  /** Milliseconds. */
  timeoutMs?: number
}

/** `body` is some JSON object or array. An error says why there is none; its `status`, if any, is that of the answer. */
export type Answer = { status: number; body: Json } | { status?: number; error: string }

type Outcome = Awaited<ReturnType<SmsProvider['send']>>

const TIMEOUT_MS = 10_000
const MAX_BYTES = 65_536
const MAX_ERROR_CHARACTERS = 200

/** @param read finds in an answer the id of the accepted message, or the provider's words for the refusal */
export async function askToSend(
  question: Question,
  post: HttpPost,
  read: (answer: { status: number; body: Json }) => { id: string } | { error: string },
): Promise<Outcome> {
  const answer = await ask(question, post)
  const result = 'error' in answer ? answer : read(answer)
  if ('id' in result) return { outcome: 'sent', id: result.id }
  return { outcome: 'failed', error: errorText(result.error || fallback(question, answer.status), question) }
}

export async function ask(question: Question, post: HttpPost): Promise<Answer> {
  const { provider, url, headers, form, timeoutMs = TIMEOUT_MS } = question
  const answer = await post({
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
    body: new URLSearchParams(form).toString(),
    timeoutMs,
    maxBytes: MAX_BYTES,
  })
  if (answer.outcome === 'timed_out') return { error: `${provider} did not answer within ${timeoutMs} ms` }
  if (answer.outcome === 'unreachable') {
    return { error: errorText(`${provider} cannot be reached: ${answer.error}`, question) }
  }
  const body = answer.isTooLarge ? undefined : parsed(answer.body)
  return body === undefined
    ? { status: answer.status, error: fallback(question, answer.status) }
    : { status: answer.status, body }
}

/** The text at a place in JSON, numbers as text; empty where there is none. */
export function textAt(json: Json, ...path: (string | number)[]): string {
  let value: Json | undefined = json
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, Json>)[key] : undefined
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** What providers without WhatsApp say to it (contract 6.5). */
export function unsupported(channel: string, provider: string): Outcome {
  return { outcome: 'failed', error: `channel type "${channel}" is not supported for ${provider}` }
}

/** One line, short, and without secrets. */
export function errorText(text: string, { secrets }: Pick<Question, 'secrets'>): string {
  const safe = secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  return safe.replace(/\s+/g, ' ').trim().slice(0, MAX_ERROR_CHARACTERS)
}

function fallback({ provider }: Question, status: number | undefined): string {
  return `${provider} answered ${status}`
}

function parsed(text: string): Json | undefined {
  try {
    const json = JSON.parse(text)
    return typeof json === 'object' && json !== null ? json : undefined
  } catch {
    return undefined
  }
}
