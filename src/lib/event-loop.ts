/** Lets other work of this process run, such as requests and timers, before long work continues. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
