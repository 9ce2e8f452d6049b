/** Classifies errors of Postgres by their SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */

/** The SQLSTATE; empty for an error of another kind, such as a lost connection. */
function stateOf(error: unknown): string {
  const { errno } = error as { errno?: unknown }
  return typeof errno === 'string' ? errno : ''
}

/** serialization_failure and deadlock_detected: the transaction was rolled back and can be run again. */
export const isSerializationFailure = (error: unknown): boolean => ['40001', '40P01'].includes(stateOf(error))

/** unique_violation. */
export const isUniqueViolation = (error: unknown): boolean => stateOf(error) === '23505'
