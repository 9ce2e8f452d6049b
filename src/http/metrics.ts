/** What is measured while requests are handled. Labels are patterns, settings and words of this server, never input. */
import { counter, type Family, histogram } from '../lib/prometheus'

/** Upper bounds in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Limits that all users share, so that the first refusal matters. */
const LIMITS_OF_ALL = [['AUTH_RATE_LIMIT_EMAIL_SENT'], ['AUTH_RATE_LIMIT_SMS_SENT'], ['AUTH_PASSWORD_HASH_QUEUE']]

export interface Metrics {
  /** @param route pattern of the matched route */
  observe(method: string, route: string | undefined, status: number, seconds: number): void
  /** Counts a refusal because of a limit. @param limit its setting or rule */
  observeLimit(limit: string): void
  /** @param outcome `answered`, `refused`, `timed_out` or `failed` */
  observeHook(hook: string, outcome: string, seconds: number): void
  /** @param outcome `delivered`, `retried` or `given_up` */
  observeEvent(outcome: string, seconds: number): void
  /** @param waited seconds until its turn @param seconds of the hash itself */
  observeHash(waited: number, seconds: number): void
  observeEventLoopDelay(seconds: number): void
  families(): Family[]
}

export function createMetrics(): Metrics {
  const requests = histogram(
    {
      name: 'latchkey_http_request_duration_seconds',
      help: 'Time from the request to its answer.',
      labels: ['method', 'route', 'status'],
    },
    BOUNDS,
  )
  const limits = counter(
    {
      name: 'latchkey_limit_refusals_total',
      help: 'Requests refused because of a limit, by its setting.',
      labels: ['limit'],
    },
    LIMITS_OF_ALL,
  )
  const hooks = histogram(
    {
      name: 'latchkey_hook_seconds',
      help: 'Time of calls of hooks, with waiting and all attempts.',
      labels: ['hook', 'outcome'],
    },
    BOUNDS,
  )
  const events = histogram(
    { name: 'latchkey_event_seconds', help: 'Time of attempts to deliver an event.', labels: ['outcome'] },
    BOUNDS,
  )
  const hashes = histogram(
    { name: 'latchkey_password_hash_seconds', help: 'Time of password hashes, without waiting.', labels: [] },
    BOUNDS,
  )
  const hashWaits = histogram(
    { name: 'latchkey_password_hash_wait_seconds', help: 'Time that password hashes wait for a slot.', labels: [] },
    BOUNDS,
  )
  const delays = histogram(
    {
      name: 'latchkey_event_loop_delay_seconds',
      help: 'How late timers run, sampled ten times a second: for so long, no request is handled.',
      labels: [],
    },
    BOUNDS,
  )
  return {
    observe: (method, route = '(none)', status, seconds) => requests.add(seconds, method, route, String(status)),
    observeLimit: limits.add,
    observeHook: (hook, outcome, seconds) => hooks.add(seconds, hook, outcome),
    observeEvent: (outcome, seconds) => events.add(seconds, outcome),
    observeHash(waited, seconds) {
      hashWaits.add(waited)
      hashes.add(seconds)
    },
    observeEventLoopDelay: (seconds) => delays.add(seconds),
    families: () => [requests, limits, hooks, events, hashes, hashWaits, delays].map(({ family }) => family()),
  }
}
