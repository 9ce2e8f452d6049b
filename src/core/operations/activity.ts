/**
 * What happens, counted, and why requests are refused. Both are collected in memory and written in batches, so that no
 * request waits for them and a flood of requests does not become a flood of writes (docs/admin-api.md#refusals).
 */
import { sitePrefix } from '../../lib/ip'
import { DAY, HOUR, SECOND } from '../../lib/milliseconds'
import type { CountKind, CountStep, EventCount, RefusedRequest, Store } from '../../store'
import type { Policy } from '../kernel/policy'
import type { Clock, Report } from '../kernel/ports'
import type { Activity, Refused } from '../kernel/server-state'

/** How long counts per hour and per day are kept. */
export const HOUR_COUNTS_MS = 32 * DAY
export const DAY_COUNTS_MS = 400 * DAY

/** How often batches are written. */
const FLUSH_MS = 2 * SECOND

/** Refusals that are kept; beyond this number, the oldest are deleted. */
const MAX_REFUSALS = 100_000
/** Refusals in one batch; more are only counted. */
const BATCH = 200
/** The share of one client network in a batch, and in an hour, so that it does not displace those of others. */
const BATCH_OF_NETWORK = 20
const HOURLY_OF_NETWORK = 500
/** Networks that are counted separately; further ones share a count. */
const MAX_NETWORKS = 10_000

/** A request id or a route is never longer than this. */
const MAX_TEXT = 200

export interface ActivityOptions {
  store: Pick<Store, 'recordActivity'>
  clock: Clock
  policy: Pick<Policy, 'retention'>
  report: Report
}

export function activity({ store, clock, policy, report }: ActivityOptions): Activity {
  const totals = new Map<string, number>()
  let counts = new Map<string, EventCount>()
  let refusals: Omit<RefusedRequest, 'seq'>[] = []
  const ofBatch = shares(BATCH_OF_NETWORK)
  const ofHour = shares(HOURLY_OF_NETWORK)
  let hour = 0
  let writing: Promise<void> = Promise.resolve()
  let timer: Timer | undefined

  const add = (step: CountStep, at: number, kind: CountKind, label: string) => {
    const key = `${step} ${at} ${kind} ${label}`
    const known = counts.get(key)
    if (known) known.count += 1
    else counts.set(key, { step, at, kind, label, count: 1 })
  }

  const count: Activity['count'] = (kind, label) => {
    const now = clock.now()
    totals.set(`${kind} ${label}`, (totals.get(`${kind} ${label}`) ?? 0) + 1)
    add('hour', startOf(now, HOUR), kind, label)
    add('day', startOf(now, DAY), kind, label)
    timer ??= setTimeout(() => void flush(), FLUSH_MS).unref()
  }

  function mayKeep(ip: string): boolean {
    const now = startOf(clock.now(), HOUR)
    if (now !== hour) ofHour.clear()
    hour = now
    const network = sitePrefix(ip)
    return refusals.length < BATCH && ofBatch.take(network) && ofHour.take(network)
  }

  function refused({ requestId, method, route, status, reason, exceeded, userId, ip }: Refused): void {
    count('refusal', reason)
    if (policy.retention.refusalsMs === 0 || !mayKeep(ip)) return
    refusals.push({
      requestId: requestId.slice(0, MAX_TEXT),
      createdAt: clock.now(),
      method: method.slice(0, MAX_TEXT),
      route: route.slice(0, MAX_TEXT),
      status,
      reason,
      exceeded: exceeded ?? null,
      userId: userId ?? null,
      ipAddress: policy.retention.auditAddresses ? ip : '',
    })
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (counts.size === 0) return writing
    const batch = { refusals, counts: [...counts.values()], maxRefusals: MAX_REFUSALS }
    counts = new Map()
    refusals = []
    ofBatch.clear()
    // One after the other; a batch that cannot be written is lost, because a database that fails may do so for long.
    writing = writing.then(() =>
      store
        .recordActivity(batch)
        .catch((error: unknown) => report('warn', 'activity was not recorded', { error: String(error) })),
    )
    return writing
  }

  return {
    count,
    refused,
    flush,
    totals: () =>
      [...totals].map(([key, value]) => {
        const [kind = '', ...label] = key.split(' ')
        return { kind, label: label.join(' '), count: value }
      }),
  }
}

const startOf = (now: number, stepMs: number) => Math.floor(now / stepMs) * stepMs

/** Counts by network, each up to a limit. */
function shares(limit: number) {
  const taken = new Map<string, number>()
  return {
    take(network: string): boolean {
      const key = taken.size < MAX_NETWORKS || taken.has(network) ? network : ''
      const before = taken.get(key) ?? 0
      taken.set(key, before + 1)
      return before < limit
    },
    clear: () => taken.clear(),
  }
}
