/** Operations of the store that run at the same time, with their queries in a random order. */
import type { Engine, Mode, Queries, Tx } from '../../src/store/engine'
import { databaseTokens } from '../../src/store/verification/database'

/** One run of an operation. */
export interface Run<Outcome = unknown> {
  mode: Mode
  work(tx: Tx): Promise<Outcome>
}

/** Several operations, one after the other, that have the outcome of one. */
export interface Sequence<Outcome = unknown> {
  on(engine: Operating): Promise<Outcome>
}
type Operating = Pick<Engine, Mode | 'advanceSession'>

/** Runs it in a transaction of its own, or in several. */
export const start = <Outcome>(engine: Operating, run: Run<Outcome> | Sequence<Outcome>): Promise<Outcome> =>
  'on' in run ? run.on(engine) : engine[run.mode](run.work)

/** Random numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A query that waits longer, such as for a lock, does not hold up the others. */
const LONGEST_TURN_MS = 3

/** Lets waiting queries go one at a time, in random order. */
function turns(random: () => number) {
  const waiting: (() => Promise<unknown>)[] = []
  let isRunning = false

  async function work(): Promise<void> {
    isRunning = true
    for (;;) {
      // Those that have just got a result ask for their next turn meanwhile.
      await new Promise(setImmediate)
      const [next] = waiting.splice(Math.floor(random() * waiting.length), 1)
      if (!next) break
      await Promise.race([next(), Bun.sleep(LONGEST_TURN_MS)])
    }
    isRunning = false
  }

  return <T>(query: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      waiting.push(() => query().then(resolve, reject))
      if (!isRunning) void work()
    })
}

/** The connection of a transaction runs queries in the order in which it gets them. */
function inOrder(turn: ReturnType<typeof turns>): ReturnType<typeof turns> {
  let last: Promise<unknown> = Promise.resolve()
  return (query) => {
    const own = last.then(() => turn(query))
    last = own.catch(() => {})
    return own
  }
}

/**
 * Runs operations at the same time, each in a transaction of its own.
 * @param engines take turns; several stand for several servers
 * @returns how they end, in the order given
 */
export function interleave<Outcome>(
  engines: readonly Engine[],
  runs: readonly (Run<Outcome> | Sequence<Outcome>)[],
  random: () => number,
): Promise<Outcome>[] {
  const turn = turns(random)
  const scheduled = (tx: Tx, go: typeof turn): Tx => {
    const queries: Queries = {
      isRemote: tx.isRemote,
      one: (statement, ...values) => go(() => tx.one(statement, ...values)),
      all: (statement, ...values) => go(() => tx.all(statement, ...values)),
      run: (statement, ...values) => go(() => tx.run(statement, ...values)),
    }
    return { ...tx, ...queries, tokens: databaseTokens(queries) }
  }
  const scheduledOn = ({ read, write, guarded, advanceSession }: Engine): Operating => ({
    read: (work) => read((tx) => work(scheduled(tx, turn))),
    write: (work) => write((tx) => work(scheduled(tx, inOrder(turn)))),
    guarded: (work) => guarded((tx) => work(scheduled(tx, inOrder(turn)))),
    ...(advanceSession && { advanceSession: (advance) => turn(() => advanceSession(advance)) }),
  })
  return runs.map((run, index) => start(scheduledOn(engines[index % engines.length] as Engine), run))
}
