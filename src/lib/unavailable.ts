/** What is wrong with the machine, not with the request: the answer is "try again", and nothing needs a restart. */

const REASONS = {
  disk_full: 'the disk is full',
  read_only: 'the database cannot be written, only read',
  locked: 'another process holds the lock of the database',
  file_moved: 'the database file was moved, deleted or replaced while the server runs',
  file_unreachable: 'the database file cannot be opened',
  disk_failing: 'the disk reports an error',
  out_of_memory: 'there is not enough memory',
} as const

export type Trouble = keyof typeof REASONS

/** When a client may try again. */
const RETRY_AFTER_MS = 1000

export class Unavailable extends Error {
  readonly trouble: Trouble
  readonly retryAfterMs = RETRY_AFTER_MS

  /** @param cause the error as it came; it keeps its own text */
  constructor(trouble: Trouble, cause?: unknown) {
    super(REASONS[trouble], { cause })
    this.name = 'Unavailable'
    this.trouble = trouble
  }
}
