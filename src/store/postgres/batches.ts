/** Work of several requests that is sent as one query, which costs less than one each. */

const MAX_BATCH = 100

interface Waiting<Asked, Answer> {
  asked: Asked
  resolve(answer: Answer | Promise<Answer>): void
  reject(error: unknown): void
}

/**
 * What is asked for in one turn of the event loop is sent at its end: never before it was asked for, so it sees everything
 * that was committed by then.
 * @param send returns the answers in order; if it fails, all of the batch fail
 */
export function inBatches<Asked, Answer>(
  send: (batch: readonly Asked[]) => Promise<readonly (Answer | Promise<Answer>)[]>,
): (asked: Asked) => Promise<Answer> {
  let waiting: Waiting<Asked, Answer>[] = []

  function sendAll(): void {
    const all = waiting
    waiting = []
    for (let first = 0; first < all.length; first += MAX_BATCH) void settle(all.slice(first, first + MAX_BATCH))
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
      if (waiting.length === 0) setImmediate(sendAll)
      waiting.push({ asked, resolve, reject })
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
