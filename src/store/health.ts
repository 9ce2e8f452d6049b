/** What the engine knows of the state of its database: from what its users met, and from looking itself. */
import { type Trouble, Unavailable } from '../lib/unavailable'
import { codeOf, isDamage, unavailableFor } from './trouble'

export interface Condition {
  trouble: Trouble | 'damaged'
  /** In words that are fit for anyone. */
  reason: string
  /** The error as SQLite worded it. */
  error: string
}

export interface Health {
  /** Notes an error of the database. @returns what to throw in its place */
  failed(error: unknown): unknown
  /** Everything of a commit worked. */
  wrote(): void
  /** The file was read from end to end. */
  sound(): void
  /** Undefined where nothing is known to be wrong. */
  condition(): Condition | undefined
  isDamaged(): boolean
  /** Whether writes failed lately that space in the log could have helped. */
  lacksSpace(): boolean
  /** Whether the connections are worth opening anew. */
  takeSuspicion(): boolean
}

/** What a connection may go on to suffer from after its cause is gone. */
const STICKY = new Set<Trouble>(['disk_failing', 'file_unreachable', 'read_only'])

/** What may hit large writes and spare small ones, so that one success does not prove much. */
const PARTIAL = new Set<Condition['trouble']>(['disk_full', 'disk_failing', 'out_of_memory'])
/** How long such trouble counts after it was last met. */
const RECENT_MS = 3000

/** @param onChange hears of every failure, and of the first commit that works again */
export function healthOf(path: string, onChange: (condition: Condition | undefined) => void): Health {
  let trouble: Condition | undefined
  let damage: Condition | undefined
  let met: { condition: Condition; at: number } | undefined
  let isSuspicious = false
  const recent = () =>
    met && PARTIAL.has(met.condition.trouble) && performance.now() - met.at < RECENT_MS ? met.condition : undefined
  return {
    failed(error) {
      if (isDamage(error)) {
        damage = { trouble: 'damaged', reason: 'the database file is damaged', error: wordsOf(error) }
        isSuspicious = true
        onChange(damage)
        return error
      }
      const unavailable = unavailableFor(error, path)
      if (!unavailable) return error
      const { trouble: kind, message, cause } = unavailable
      trouble = { trouble: kind, reason: message, error: wordsOf(cause ?? unavailable) }
      met = { condition: trouble, at: performance.now() }
      isSuspicious ||= STICKY.has(kind)
      onChange(trouble)
      return unavailable
    },
    wrote() {
      if (!trouble) return
      trouble = undefined
      onChange(damage)
    },
    sound() {
      if (!damage) return
      damage = undefined
      onChange(trouble)
    },
    condition: () => trouble ?? damage ?? recent(),
    lacksSpace: () => recent() !== undefined,
    isDamaged: () => damage !== undefined,
    takeSuspicion() {
      const was = isSuspicious
      isSuspicious = false
      return was
    },
  }
}

/** The code tells more than SQLite's text, which is the same for many. */
function wordsOf(error: unknown): string {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  return error instanceof Unavailable || code === '' ? text : `${code}: ${text}`
}
