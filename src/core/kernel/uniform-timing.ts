/**
 * Uniform response times, so that timing does not reveal what the response hides: whether an address has an account.
 */
import type { Context } from './context'

/** Larger than the difference in work between a known and an unknown address. */
const STEP_MS = 10

/** Random extra milliseconds, which hide small timer delays after more work. */
const JITTER_MS = 5

/** Makes a function resolve or reject only at whole time steps after its call, plus jitter. */
export function withUniformTiming<Input, Result>(run: (context: Context, input: Input) => Promise<Result>) {
  return async (context: Context, input: Input): Promise<Result> => {
    let isDone = false
    const outcome = run(context, input).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    )
    void outcome.then(() => {
      isDone = true
    })
    await context.clock.sleep(STEP_MS + ((context.random.bytes(1)[0] as number) % JITTER_MS))
    while (!isDone) await context.clock.sleep(STEP_MS)
    const done = await outcome
    if ('error' in done) throw done.error
    return done.result
  }
}
