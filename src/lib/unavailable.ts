/** An environmental error of the server, not of the request: the client may retry, and no restart is needed. */

const REASONS = {
  disk_full: 'the disk is full',
  read_only: 'the database is read-only',
  locked: 'another process holds the lock of the database',
  file_moved: 'the database file was moved, deleted or replaced while the server runs',
  file_unreachable: 'the database file cannot be opened',
  disk_failing: 'disk I/O error',
  out_of_memory: 'there is not enough memory',
  unreachable: 'the database cannot be reached',
  login_refused: 'the database refuses the login of this server',
  no_connection: 'all connections to the database are in use',
  too_slow: 'the database takes too long to answer',
  conflicts: 'too many requests change the same data at once',
  outcome_unknown:
    'the connection to the database was lost during a commit, so it is unknown whether the change was made',
} as const

export type FailureKind = keyof typeof REASONS

/** When a client may retry. */
const RETRY_AFTER_MS = 1000

export class Unavailable extends Error {
  readonly kind: FailureKind
  readonly retryAfterMs = RETRY_AFTER_MS

  /** @param cause the original error; its message is kept */
  constructor(kind: FailureKind, cause?: unknown) {
    super(REASONS[kind], { cause })
    this.name = 'Unavailable'
    this.kind = kind
  }
}
