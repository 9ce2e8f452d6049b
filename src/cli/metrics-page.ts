/** `/metrics`: what was measured, what was counted, and the state of the server. docs/monitoring.md lists all of it. */
import { readdirSync } from 'node:fs'
import { systemClock } from '../adapters/system'
import type { App } from '../compose/app'
import type { BackupStatus } from '../core'
import { queuesEvents } from '../core/events/account-events'
import type { Metrics } from '../http/metrics'
import { type Family, printFamilies } from '../lib/prometheus'
import { every, within } from '../lib/timers'
import { commit, version } from '../version'
import { openFileLimit } from './open-files'

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** How often sessions are counted. */
const COUNT_MS = 300_000
const SAMPLE_MS = 100
/** How long the page waits for the database: less than Prometheus waits for the page, which is 10 s by default. */
const PATIENCE_MS = 3000

export interface MetricsPage {
  families(): Promise<Family[]>
  print(): Promise<Response>
  stop(): void
}

/** Starts what is measured in the background. @param patienceMs shorter in tests */
export function metricsPage(app: App, metrics: Metrics, patienceMs = PATIENCE_MS): MetricsPage {
  const sampling = sampleEventLoop(metrics)
  const sessions = countedSessions(app)
  const families = async () => [
    ...(await stateFamilies(app, patienceMs)),
    ...sessions.families(),
    ...countFamilies(app.core.forTask().activityTotals()),
    ...metrics.families(),
    ...processFamilies(),
  ]
  return {
    families,
    print: async () => new Response(printFamilies(await families()), { headers: { 'content-type': CONTENT_TYPE } }),
    stop() {
      clearInterval(sampling)
      sessions.stop()
    },
  }
}

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  help,
  type: 'gauge',
  labels: [],
  samples: [{ labels: [], value }],
})

/** Values that cannot be read at the moment are left out; the rest of the page is served. */
async function stateFamilies({ core }: App, patienceMs: number): Promise<Family[]> {
  const task = core.forTask()
  const inTime = <T>(answer: Promise<T>): Promise<T> =>
    within(patienceMs, answer, () => {
      throw new Error('the database does not answer')
    })
  const [mail, events, disk, size] = await Promise.allSettled([
    inTime(task.mailQueue()),
    queuesEvents(task.policy) ? inTime(task.eventQueue()) : undefined,
    inTime(task.diskSpace()),
    inTime(task.databaseSize()),
  ])
  const connections = task.connections()
  const hashes = task.passwordQueue()
  return [
    gauge('latchkey_database_up', 'Whether the database can be read.', mail.status === 'fulfilled' ? 1 : 0),
    ...read(mail, ({ length, oldestMs }) => [
      gauge('latchkey_mail_queue_length', 'Mails waiting to be sent.', length),
      gauge('latchkey_mail_queue_oldest_seconds', 'Age of the oldest waiting mail.', oldestMs / 1000),
    ]),
    ...read(events, ({ length, oldestMs, failed }) => [
      gauge('latchkey_events_queue_length', 'Events waiting to be delivered.', length),
      gauge('latchkey_events_queue_oldest_seconds', 'Age of the oldest waiting event.', oldestMs / 1000),
      gauge('latchkey_events_failed', 'Stored events that were given up.', failed),
    ]),
    ...read(size, (bytes) => [gauge('latchkey_database_size_bytes', 'Size of the database.', bytes)]),
    ...read(disk, ({ freeBytes, logBytes }) => [
      gauge('latchkey_database_wal_bytes', 'Size of the write-ahead log.', logBytes),
      ...(freeBytes === undefined
        ? []
        : [gauge('latchkey_disk_free_bytes', 'Free space on the disk of the database.', freeBytes)]),
    ]),
    ...backupFamilies(task.backupStatus()),
    ...(connections
      ? [
          gauge('latchkey_database_connections_max', 'Limit of the connections to the database.', connections.max),
          gauge('latchkey_database_connections_reserved', 'Connections held by transactions.', connections.reserved),
          gauge('latchkey_database_transactions_waiting', 'Transactions that wait for one.', connections.waiting),
        ]
      : []),
    gauge('latchkey_password_hashes_running', 'Password hashes that are computed now.', hashes.running),
    gauge('latchkey_password_hashes_waiting', 'Password hashes that wait for a slot.', hashes.waiting),
  ]
}

function backupFamilies(status: BackupStatus | undefined): Family[] {
  if (!status) return []
  const { lastGoodAt, lastError } = status
  const ageMs = lastGoodAt === undefined ? undefined : Math.max(0, systemClock.now() - lastGoodAt)
  return [
    gauge(
      'latchkey_backup_last_failed',
      'Whether the last attempt at a backup failed.',
      lastError === undefined ? 0 : 1,
    ),
    ...(ageMs === undefined
      ? []
      : [gauge('latchkey_backup_age_seconds', 'Age of the last verified backup.', ageMs / 1000)]),
  ]
}

/** @param families of a value that there is */
function read<T>(result: PromiseSettledResult<T | undefined>, families: (value: T) => Family[]): Family[] {
  return result.status === 'fulfilled' && result.value !== undefined ? families(result.value) : []
}

interface Total {
  kind: string
  label: string
  count: number
}

/** Of these kinds, all labels are known from the start: Prometheus sees no increase in a first value. */
const ZEROS: readonly Total[] = [
  ...['success', 'refused'].map((label) => ({ kind: 'refresh', label, count: 0 })),
  ...['sent', 'failed'].flatMap((label) => ['mail', 'sms'].map((kind) => ({ kind, label, count: 0 }))),
  { kind: 'refusal', label: 'fault', count: 0 },
]

/** The counts of `/admin/activity` since the start (docs/admin-api.md#activity). */
function countFamilies(counted: readonly Total[]): Family[] {
  const isCounted = (zero: Total) => counted.some(({ kind, label }) => kind === zero.kind && label === zero.label)
  const totals = [...counted, ...ZEROS.filter((zero) => !isCounted(zero))]
  const family = (
    name: string,
    help: string,
    labels: readonly string[],
    kinds: readonly string[],
    valuesOf: (total: Total) => string[],
  ): Family => {
    const own = totals.filter(({ kind }) => kinds.includes(kind))
    const samples = own.map((total) => ({ labels: valuesOf(total), value: total.count }))
    return { name, help, type: 'counter', labels, samples }
  }
  const whole = ({ label }: Total) => [label]
  return [
    family('latchkey_sign_ups_total', 'New accounts.', ['method'], ['sign_up'], whole),
    family(
      'latchkey_sign_ins_total',
      'Sign-ins, each of which starts a session, and refused attempts.',
      ['method', 'outcome'],
      ['sign_in'],
      ({ label }) => splitLast(label),
    ),
    family('latchkey_refreshes_total', 'Refreshes of sessions.', ['outcome'], ['refresh'], whole),
    family('latchkey_refusals_total', 'Refused and failed requests, by reason.', ['reason'], ['refusal'], whole),
    family(
      'latchkey_messages_total',
      'Mails and SMS that were sent or given up.',
      ['channel', 'outcome'],
      ['mail', 'sms'],
      ({ kind, label }) => [kind, label],
    ),
  ]
}

/** `password:success` as two values. */
function splitLast(label: string): string[] {
  const at = label.lastIndexOf(':')
  return [label.slice(0, at), label.slice(at + 1)]
}

/** Names as in https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics. */
function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage()
  const openFiles = countOpenFiles()
  const maxFiles = openFileLimit()
  return [
    {
      name: 'latchkey_build_info',
      type: 'gauge',
      help: 'The running build.',
      labels: ['version', 'commit'],
      samples: [{ labels: [version, commit], value: 1 }],
    },
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'CPU time of the process, user and system.',
      labels: [],
      samples: [{ labels: [], value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Resident memory of the process.', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'Start of the process, in Unix seconds.', performance.timeOrigin / 1000),
    ...(openFiles === undefined ? [] : [gauge('process_open_fds', 'Open file descriptors.', openFiles)]),
    ...(maxFiles === undefined || maxFiles === Number.POSITIVE_INFINITY
      ? []
      : [gauge('process_max_fds', 'Limit of open file descriptors.', maxFiles)]),
  ]
}

/** @returns undefined where the system does not list them */
function countOpenFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

function sampleEventLoop(metrics: Metrics): Timer {
  let dueAt = performance.now() + SAMPLE_MS
  return every(SAMPLE_MS, () => {
    const now = performance.now()
    metrics.observeEventLoopDelay(Math.max(0, now - dueAt) / 1000)
    dueAt = now + SAMPLE_MS
  })
}

/** A count reads an index of all sessions, so requests for the page get the latest one. */
function countedSessions({ core }: App) {
  let latest: number | undefined
  const count = () => {
    void core
      .forTask()
      .countSessions()
      .then(
        (counted) => (latest = counted),
        // The database has failed, which its own metric shows.
        () => (latest = undefined),
      )
  }
  count()
  const timer = every(COUNT_MS, count)
  return {
    families: () =>
      latest === undefined
        ? []
        : [gauge('latchkey_sessions', 'Stored sessions, also expired ones; counted every five minutes.', latest)],
    stop: () => clearInterval(timer),
  }
}
