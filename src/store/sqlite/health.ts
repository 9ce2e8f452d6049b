/** The known state of the database: from errors of operations, and from checks. */
import { type FailureKind, Unavailable } from '../../lib/unavailable'
import type { DatabaseProblem } from '../engine'
import { codeOf, isDamage, unavailableFor } from './errors'

export interface Health {
  /** Records an error of the database. @returns the error to throw instead */
  recordFailure(error: unknown): unknown
  /** A whole commit succeeded. */
  recordCommit(): void
  /** The file was read from end to end. */
  markIntact(): void
  /** Undefined if no problem is known. */
  condition(): DatabaseProblem | undefined
  isDamaged(): boolean
  /** Whether recent write failures could be helped by space in the log. */
  lacksSpace(): boolean
  /** Whether the connections should be reopened. */
  takeReopenRequest(): boolean
}

/** Errors that a connection may keep reporting after their cause has been removed. */
const STICKY = new Set<FailureKind>(['disk_failing', 'file_unreachable', 'read_only'])

/** Errors that may affect large writes and not small ones, so that one success does not prove recovery. */
const PARTIAL = new Set<DatabaseProblem['kind']>(['disk_full', 'disk_failing', 'out_of_memory'])
/** How long such an error counts after it last occurred. */
const RECENT_MS = 3000

/** @param onChange called on every failure, and on the first commit that works again */
export function healthOf(path: string, onChange: (condition: DatabaseProblem | undefined) => void): Health {
  let failure: DatabaseProblem | undefined
  let damage: DatabaseProblem | undefined
  let met: { condition: DatabaseProblem; at: number } | undefined
  let isSuspicious = false
  const recent = () =>
    met && PARTIAL.has(met.condition.kind) && performance.now() - met.at < RECENT_MS ? met.condition : undefined
  return {
    recordFailure(error) {
      if (isDamage(error)) {
        damage = { kind: 'damaged', reason: 'the database file is damaged', error: wordsOf(error) }
        isSuspicious = true
        onChange(damage)
        return error
      }
      const unavailable = unavailableFor(error, path)
      if (!unavailable) return error
      const { kind, message, cause } = unavailable
      failure = { kind, reason: message, error: wordsOf(cause ?? unavailable) }
      met = { condition: failure, at: performance.now() }
      isSuspicious ||= STICKY.has(kind)
      onChange(failure)
      return unavailable
    },
    recordCommit() {
      if (!failure) return
      failure = undefined
      onChange(damage)
    },
    markIntact() {
      if (!damage) return
      damage = undefined
      onChange(failure)
    },
    condition: () => failure ?? damage ?? recent(),
    lacksSpace: () => recent() !== undefined,
    isDamaged: () => damage !== undefined,
    takeReopenRequest() {
      const was = isSuspicious
      isSuspicious = false
      return was
    },
  }
}

/** The code is included because SQLite uses the same message for many codes. */
function wordsOf(error: unknown): string {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  return error instanceof Unavailable || code === '' ? text : `${code}: ${text}`
}
