/** What runs beside requests: sending mail, creating Matrix accounts, comparing clocks. */
import { type Worker, workers } from '../adapters/worker'
import type { Settings } from '../config'
import type { Core } from '../core'
import { queuesEvents } from '../core/events/account-events'
import type { Clock, Report } from '../core/kernel/ports'
import { clockWatch } from '../core/operations/clock-watch'
import type { Log } from '../http/log'
import { every } from '../lib/timers'
import type { Store } from '../store'
import { builtAt } from '../version'
import { unlessUnavailable } from './database-problem-log'
import { smtpMailerOf } from './mail'
import type { StoreEvents } from './store-events'

export interface WorkerOptions {
  settings: Settings
  core: Core
  log: Log
  events: StoreEvents
}

/** Maximum number of concurrent calls of the Send Email hook. */
const HOOK_CALLS = 4

/**
 * Sends queued mail through the mail server or the Send Email hook. The server is tested at start, so that a wrong
 * password is noticed before users are affected.
 * @returns undefined if mail stays in the mailbox
 */
export function mailSender({ settings, core, log, events }: WorkerOptions) {
  const mailer = smtpMailerOf(settings)
  if (!mailer && !settings.hooks.sendEmailEnabled) return undefined
  // With the hook, only mails that were queued before it was turned on go through the mail server.
  if (!settings.hooks.sendEmailEnabled)
    void mailer?.verify().then((result) => {
      if (result.outcome !== 'sent') log.warn('the mail server check failed', { error: result.error })
    })
  const worker = workers(mailer ? settings.mail.smtpConnections : HOOK_CALLS, {
    work: () => core.forTask().deliverMessages(mailer),
    nextInMs: async () => (await core.forTask().mailQueue()).nextInMs,
    onFault: unlessUnavailable((error) => log.error('sending mail failed', { error: String(error) })),
  })
  void core
    .forTask()
    .releaseClaimedMessages()
    .then(worker.wake, (error: unknown) => log.error('the mail queue could not be read', { error: String(error) }))
  events.onQueuedMail(worker.wake)
  return { mailer, worker }
}

/** Maximum number of batches of events that are sent at once. */
const EVENT_BATCHES = 4

/** Sends events to the operator's server, and calls hooks that are queued. @returns undefined if neither is on */
export function eventSender({ core, log, events }: WorkerOptions): Worker | undefined {
  if (!queuesEvents(core.policy)) return undefined
  const worker = workers(EVENT_BATCHES, {
    work: () => core.forTask().deliverEvents(),
    nextInMs: () => core.forTask().nextEventInMs(),
    onFault: unlessUnavailable((error) => log.error('sending events failed', { error: String(error) })),
  })
  void core
    .forTask()
    .releaseClaimedEvents()
    .then(worker.wake, (error: unknown) => log.error('the queue of events could not be read', { error: String(error) }))
  events.onQueuedEvent(worker.wake)
  return worker
}

/** Creates Matrix accounts that could not be created during registration. */
export function matrixWorker({ settings: { matrix }, core, log, events }: WorkerOptions): Worker | undefined {
  if (matrix.registrationSecret === undefined) return undefined
  const worker = workers(1, {
    work: () => core.forTask().provisionDueMatrixAccounts(),
    nextInMs: () => core.forTask().nextMatrixAttemptInMs(),
    onFault: unlessUnavailable((error) => log.error('could not create Matrix accounts', { error: String(error) })),
  })
  worker.wake()
  events.onMatrixAccount(worker.wake)
  return worker
}

/** How often the wall clock is compared with a monotonic clock. */
const WATCH_CLOCK_MS = 10_000

export async function startClockWatch({ clock, report, store }: { clock: Clock; report: Report; store: Store }) {
  const watch = clockWatch({ clock, report, builtAt, latestAt: await store.latestInstant() })
  const watching = every(WATCH_CLOCK_MS, watch.compare)
  return { watch, stop: () => clearInterval(watching) }
}
