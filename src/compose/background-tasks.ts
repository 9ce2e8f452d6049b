/** Tasks that continue after their request has been answered. */
export interface BackgroundTasks {
  add(work: Promise<unknown>): void
  /** Waits until all of them have ended. */
  end(): Promise<unknown>
}

export function backgroundTasks(onFault: (error: unknown) => void): BackgroundTasks {
  const running = new Set<Promise<unknown>>()
  return {
    add(work) {
      const done: Promise<unknown> = work.catch(onFault).finally(() => running.delete(done))
      running.add(done)
    },
    end: () => Promise.all(running),
  }
}
