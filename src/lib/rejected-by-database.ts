/**
 * A trigger, a constraint or a function that the operator has added to the database rejected a change. It was rolled
 * back, and the same request would be rejected again.
 */
export class RejectedByDatabase extends Error {
  /** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), such as `P0001` of RAISE EXCEPTION. */
  readonly state: string
  /** Whether the change was a new account. */
  readonly isOfNewUser: boolean
  /** Given with the message by RAISE. */
  readonly detail: string | undefined
  readonly hint: string | undefined

  /** @param cause the original error; its message is kept, and is not public */
  constructor(
    state: string,
    cause: Error & { detail?: string | undefined; hint?: string | undefined },
    isOfNewUser = false,
  ) {
    super(cause.message, { cause })
    this.name = 'RejectedByDatabase'
    this.state = state
    this.isOfNewUser = isOfNewUser
    this.detail = cause.detail
    this.hint = cause.hint
  }
}
