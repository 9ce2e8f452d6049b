/** Processes queued work when it is due: immediately when queued, later for a retry. */

/** Even if nothing is known to be due, another process may have queued something. */
const MAX_IDLE_MS = 30_000

export interface WorkerOptions {
  /** Processes the due items. @returns how many; 0 if nothing is due */
  work(): Promise<number>
  /** Milliseconds until the next attempt is due; undefined if none is due. */
  nextInMs(): Promise<number | undefined>
  onFault(error: unknown): void
}

export interface Worker {
  /** Signals that work may be due. */
  wake(): void
  /** Waits for running attempts to finish. */
  stop(): Promise<void>
}

/** Several tasks run in parallel, so that a slow one does not delay the others. */
export function workers(count: number, options: WorkerOptions): Worker {
  const workerPool = Array.from({ length: count }, () => worker(options))
  return {
    wake() {
      const idle = workerPool.find(({ isIdle }) => isIdle())
      for (const each of idle ? [idle] : workerPool) each.wake()
    },
    async stop() {
      await Promise.all(workerPool.map((each) => each.stop()))
    },
  }
}

function worker({ work, nextInMs, onFault }: WorkerOptions): Worker & { isIdle(): boolean } {
  let round: Promise<void> | undefined
  let timer: Timer | undefined
  let isWoken = false
  let isStopped = false

  const wake = () => {
    isWoken = true
    if (!isStopped) round ??= workAll().finally(() => (round = undefined))
  }

  async function workAll(): Promise<void> {
    clearTimeout(timer)
    let pauseMs = MAX_IDLE_MS
    try {
      while (isWoken && !isStopped) {
        isWoken = false
        while (!isStopped && (await work()) > 0);
      }
      pauseMs = Math.min(pauseMs, (await nextInMs()) ?? pauseMs)
    } catch (error) {
      onFault(error)
    }
    if (isStopped) return
    timer = setTimeout(wake, isWoken ? 0 : Math.max(20, pauseMs))
    timer.unref()
  }

  return {
    wake,
    isIdle: () => round === undefined,
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await round
    },
  }
}
