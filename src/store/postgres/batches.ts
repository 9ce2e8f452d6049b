/** Work of several requests that is sent as one query, which costs less than one each. */

const MAX_BATCH = 100
/** How long a batch waits for the one before it, whose connection may be dead. */
const PATIENCE_MS = 50

interface Waiting<Asked, Answer> {
  asked: Asked
  resolve(answer: Answer | Promise<Answer>): void
  reject(error: unknown): void
}

/**
 * What is asked for is sent at the end of this turn of the event loop, or, while a batch is under way, with the next one:
 * never before it was asked for, so it sees everything that was committed by then.
 * @param send returns the answers in order; if it fails, all of the batch fail
 */
export function inBatches<Asked, Answer>(
  send: (batch: readonly Asked[]) => Promise<readonly (Answer | Promise<Answer>)[]>,
): (asked: Asked) => Promise<Answer> {
  const waiting: Waiting<Asked, Answer>[] = []
  /** Whether the next batch will be sent without being asked for again. */
  let isMoving = false

  function moveOn(): void {
    isMoving = waiting.length > 0
    if (isMoving) setImmediate(sendNext)
  }

  function sendNext(): void {
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      moveOn()
    }
    const timer = setTimeout(end, PATIENCE_MS)
    void settle(waiting.splice(0, MAX_BATCH)).then(end)
  }

  async function settle(batch: readonly Waiting<Asked, Answer>[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ asked }) => asked))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer | Promise<Answer>)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return (asked) =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject })
      if (!isMoving) moveOn()
    })
}

/** A list as text (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO). */
export const listOf = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : `"${value.replaceAll(/["\\]/g, '\\$&')}"`)).join(',')}}`

/**
 * Lists in parameters as a table with a row for each entry, numbered from 1. They are hidden in subqueries, so that one plan
 * serves all lengths (https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES).
 * @param columns the type of each, such as `uuid`, in the order of the parameters
 */
export function unnested(name: string, columns: Record<string, string>, number: string, first = 1): string {
  const lists = Object.values(columns).map((type, index) => `(SELECT $${first + index}::${type}[])`)
  return `unnest(${lists.join(', ')}) WITH ORDINALITY AS ${name}(${Object.keys(columns).join(', ')}, ${number})`
}
