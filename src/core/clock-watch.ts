/**
 * The wall clock, watched. What is stored is dated by it, so an operator has to hear when it is wrong or was set. It is
 * compared with a clock that is never set, with the build, and with the latest instant that is stored.
 */
import type { Clock, Report } from './ports'
import type { Finding } from './readiness'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** 1 January 2020: a clock before that was never set. */
const CLOCK_UNSET_BEFORE = 1_577_836_800_000

/** Two clocks that drift apart by more than this between two looks were set. */
const JUMP_MS = MINUTE
/** How long a jump is reported for. */
const REPORTED_MS = 10 * MINUTE
/** How long the clock has to run steadily after a jump before anything is deleted by it. */
const SETTLED_MS = HOUR
/** A server that finds nothing newer than this was off for long, or has a clock that runs ahead. */
const LONG_AGO_MS = 30 * 24 * HOUR

export interface ClockWatch {
  /** Compares the clocks; a jump is logged once. */
  look(): Finding
  /** Whether what is dated long ago can be trusted to be old. */
  isSettled(): boolean
}

export interface ClockWatchOptions {
  clock: Clock
  report: Report
  /** When this program was built, 0 where that is not known. */
  builtAt: number
  /** The latest instant that is stored, undefined where nothing is. */
  latestAt: number | undefined
}

export function clockWatch({ clock, report, builtAt, latestAt = 0 }: ClockWatchOptions): ClockWatch {
  const offset = () => clock.now() - clock.monotonic()
  let lastOffset = offset()
  let jump: { byMs: number; at: number } | undefined

  const look = (): Finding => {
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
      return { state: 'unset', isFatal: true, reason: `the clock says ${shown}; set it, tokens are dated by it` }
    if (now < builtAt - HOUR)
      return { state: 'behind', reason: `the clock says ${shown}, before this program was built` }
    if (now < latestAt - MINUTE)
      return { state: 'behind', reason: `the clock says ${shown}, before what the database holds already` }
    const isReported = jump !== undefined && clock.monotonic() - jump.at < REPORTED_MS
    return isReported ? { state: 'jumped', reason: jumpText(jump?.byMs ?? 0) } : { state: 'ok' }
  }

  const startedAt = clock.monotonic()
  const isFarAhead = latestAt > 0 && clock.now() - latestAt > LONG_AGO_MS
  const unsettledSince = () => jump?.at ?? (isFarAhead ? startedAt : undefined)
  const first = finding()
  if (first.reason !== undefined) report('warn', first.reason)
  return {
    look,
    isSettled() {
      if (look().isFatal) return false
      const since = unsettledSince()
      return since === undefined || clock.monotonic() - since >= SETTLED_MS
    },
  }
}

function jumpText(byMs: number): string {
  const span = spanText(Math.abs(byMs))
  return byMs < 0
    ? `the clock was set back by ${span}; what was stored before is dated in the future and counts as past`
    : `the clock went forward by ${span}: it was set, or this machine was suspended`
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / MINUTE)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(ms / HOUR)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
