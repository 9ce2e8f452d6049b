/**
 * An outage of the database: from several failures to connect in a row, or from an answer that does not come, until a
 * probe finds that the database answers again.
 */
import { Unavailable } from '../../lib/unavailable'
import type { Health } from './health'

/** Failures to connect in a row that make an outage. */
const MAX_FAILURES = 3
const PROBE_EVERY_MS = 1000

export interface OutageOptions {
  health: Health
  /** @throws if the database does not answer */
  probe(): Promise<void>
  onBegin(): void
}

export interface Outage {
  /** Why the database cannot be used; undefined while there is no outage. */
  reason(): Unavailable | undefined
  recordSuccess(): void
  /** Counts a failure to connect. */
  recordFailure(failure: Unavailable): void
  begin(reason: Unavailable): void
  /** Stops the probes. */
  close(): void
}

export function outageOf({ health, probe, onBegin }: OutageOptions): Outage {
  let failures = 0
  let reason: Unavailable | undefined
  let isClosed = false

  function begin(why: Unavailable): void {
    if (reason) return
    reason = why
    onBegin()
    probeLater()
  }

  function probeLater(): void {
    setTimeout(() => void probeAgain(), PROBE_EVERY_MS).unref()
  }

  async function probeAgain(): Promise<void> {
    if (isClosed) return
    try {
      await probe()
      reason = undefined
      failures = 0
      health.recordSuccess('read')
    } catch (error) {
      if (isClosed) return
      const failure = health.recordFailure(error)
      if (failure instanceof Unavailable) reason = failure
      probeLater()
    }
  }

  return {
    reason: () => reason,
    recordSuccess() {
      failures = 0
    },
    recordFailure(failure) {
      failures += 1
      if (failures >= MAX_FAILURES) begin(failure)
    },
    begin,
    close() {
      isClosed = true
    },
  }
}
