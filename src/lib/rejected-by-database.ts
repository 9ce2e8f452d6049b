/**
 * A trigger, a constraint or a function that the operator has added to the database rejected a change. It was rolled
 * back, and the same request would be rejected again.
 */
export class RejectedByDatabase extends Error {
  /** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), such as `P0001` of RAISE EXCEPTION. */
  readonly state: string

  /** @param cause the original error; its message is kept, and is not public */
  constructor(state: string, cause: Error) {
    super(cause.message, { cause })
    this.name = 'RejectedByDatabase'
    this.state = state
  }
}
