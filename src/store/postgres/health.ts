/** What is known of the state of the database, from errors of operations. */
import type { DatabaseProblem } from '../engine'
import { isDamage, rejectionIn, textOf, unavailableFor } from './errors'

export interface Health {
  /** Records an error of the database. @returns the error to throw instead */
  recordFailure(error: unknown): unknown
  /** Records a problem that no error has reported. */
  recordProblem(problem: DatabaseProblem): void
  recordSuccess(of: Success): void
  /** Undefined if no problem is known. */
  condition(): DatabaseProblem | undefined
}

export type Success = 'read' | 'write' | 'probe'

/** Problems that the success of others does not disprove. */
const DISPROVED_BY: Partial<Record<DatabaseProblem['kind'], readonly Success[]>> = {
  read_only: ['write', 'probe'],
  disk_full: ['write', 'probe'],
  conflicts: ['write', 'probe'],
  damaged: ['probe'],
  clock_differs: ['probe'],
}

/** @param onChange called on every failure, and on the first operation that works again */
export function healthOf(onChange: (problem: DatabaseProblem | undefined) => void): Health {
  let problem: DatabaseProblem | undefined
  const record = (found: DatabaseProblem) => {
    problem = found
    onChange(found)
  }
  return {
    recordFailure(error) {
      if (isDamage(error)) {
        record({ kind: 'damaged', reason: 'tables of the database are missing or damaged', error: textOf(error) })
        return error
      }
      const unavailable = unavailableFor(error)
      if (!unavailable) return rejectionIn(error) ?? error
      const { kind, message, cause } = unavailable
      record({ kind, reason: message, error: textOf(cause ?? unavailable) })
      return unavailable
    },
    recordProblem: record,
    recordSuccess(of) {
      if (!problem || DISPROVED_BY[problem.kind]?.includes(of) === false) return
      problem = undefined
      onChange(undefined)
    },
    condition: () => problem,
  }
}
