/** Answers that must not tell by their time what they do not tell in words: whether an address has an account. */
import type { Deps } from './deps'

/** More than the work for a known address can differ from that for an unknown one. */
const STEP_MS = 10

/** Milliseconds of chance on top, in which the microseconds are lost that a timer is late after more work. */
const CHANCE_MS = 5

/** Lets a function answer, or refuse, at full steps of time only, counted from when it was called, and a little later. */
export function evenly<Input, Result>(run: (deps: Deps, input: Input) => Promise<Result>) {
  return async (deps: Deps, input: Input): Promise<Result> => {
    let isDone = false
    const outcome = run(deps, input).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    )
    void outcome.then(() => {
      isDone = true
    })
    await deps.clock.sleep(STEP_MS + ((deps.random.bytes(1)[0] as number) % CHANCE_MS))
    while (!isDone) await deps.clock.sleep(STEP_MS)
    const done = await outcome
    if ('error' in done) throw done.error
    return done.result
  }
}
