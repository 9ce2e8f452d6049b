/**
 * Watches the wall clock. Stored data has its time, so operators must learn when it is wrong or was set. It is compared
 * with a monotonic clock, with the build date, and with the latest stored time.
 */
import { HOUR, MINUTE } from '../../lib/milliseconds'
import type { Clock, Report } from '../kernel/ports'
import type { ClockWatch, Finding } from '../kernel/server-state'

/** 1 January 2020: a clock before that was never set. */
const CLOCK_UNSET_BEFORE = 1_577_836_800_000

/** A larger drift between the two clocks means that the wall clock was set. */
const JUMP_MS = MINUTE
/** How long a jump is reported. */
const REPORTED_MS = 10 * MINUTE
/** How long the clock must run steadily after a jump before anything is deleted by it. */
const SETTLED_MS = HOUR
/** If nothing stored is newer than this, the server was off for long or the clock runs ahead. */
const LONG_AGO_MS = 30 * 24 * HOUR

export interface ClockWatchOptions {
  clock: Clock
  report: Report
  /** Build time of this program; 0 if unknown. */
  builtAt: number
  /** The latest stored time; undefined if there is none. */
  latestAt: number | undefined
}

export function clockWatch({ clock, report, builtAt, latestAt = 0 }: ClockWatchOptions): ClockWatch {
  const offset = () => clock.now() - clock.monotonic()
  let lastOffset = offset()
  let jump: { byMs: number; at: number } | undefined

  const compare = (): Finding => {
    const present = offset()
    const byMs = present - lastOffset
    lastOffset = present
    if (Math.abs(byMs) > JUMP_MS) {
      jump = { byMs, at: clock.monotonic() }
      report('warn', jumpText(byMs), { clock: new Date(clock.now()).toISOString() })
    }
    return finding()
  }

  function finding(): Finding {
    const now = clock.now()
    const shown = new Date(now).toISOString()
    if (now < CLOCK_UNSET_BEFORE)
      return { state: 'unset', isFatal: true, reason: `the clock reads ${shown}; set it, because tokens use its time` }
    if (now < builtAt - HOUR)
      return { state: 'behind', reason: `the clock reads ${shown}, which is before this program was built` }
    if (now < latestAt - MINUTE)
      return { state: 'behind', reason: `the clock reads ${shown}, which is before the latest data in the database` }
    const isReported = jump !== undefined && clock.monotonic() - jump.at < REPORTED_MS
    return isReported ? { state: 'jumped', reason: jumpText(jump?.byMs ?? 0) } : { state: 'ok' }
  }

  const startedAt = clock.monotonic()
  const isFarAhead = latestAt > 0 && clock.now() - latestAt > LONG_AGO_MS
  const unsettledSince = () => jump?.at ?? (isFarAhead ? startedAt : undefined)
  const first = finding()
  if (first.reason !== undefined) report('warn', first.reason)
  return {
    compare,
    isSettled() {
      if (compare().isFatal) return false
      const since = unsettledSince()
      return since === undefined || clock.monotonic() - since >= SETTLED_MS
    },
  }
}

function jumpText(byMs: number): string {
  const span = spanText(Math.abs(byMs))
  return byMs < 0
    ? `the clock was set back by ${span}; timestamps stored earlier are now in the future and are treated as past`
    : `the clock jumped forward by ${span}: it was set, or this machine was suspended`
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / MINUTE)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(ms / HOUR)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
