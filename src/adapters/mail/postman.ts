/** Sends queued mail whenever some is due: at once where a message was just queued, later where an attempt is to follow. */

/** Even where nothing is known to be due, another process may have queued something. */
const LONGEST_PAUSE_MS = 30_000

export interface PostmanOptions {
  /** Sends what is due. @returns how many messages it took; 0 once nothing is due */
  deliver(): Promise<number>
  /** Milliseconds until the next attempt is due; undefined where none is. */
  nextInMs(): Promise<number | undefined>
  onFault(error: unknown): void
}

export interface Postman {
  /** Tells that something may be due. */
  wake(): void
  /** Lets the attempts under way end. */
  stop(): Promise<void>
}

/** Several at work side by side: a recipient's server that takes its time keeps one of them, and no mail to others. */
export function postmen(count: number, options: PostmanOptions): Postman {
  const crew = Array.from({ length: count }, () => postman(options))
  return {
    wake() {
      const idle = crew.find(({ isIdle }) => isIdle())
      for (const each of idle ? [idle] : crew) each.wake()
    },
    async stop() {
      await Promise.all(crew.map((each) => each.stop()))
    },
  }
}

function postman({ deliver, nextInMs, onFault }: PostmanOptions): Postman & { isIdle(): boolean } {
  let round: Promise<void> | undefined
  let timer: Timer | undefined
  let isWoken = false
  let isStopped = false

  const wake = () => {
    isWoken = true
    if (!isStopped) round ??= deliverAll().finally(() => (round = undefined))
  }

  async function deliverAll(): Promise<void> {
    clearTimeout(timer)
    let pauseMs = LONGEST_PAUSE_MS
    try {
      while (isWoken && !isStopped) {
        isWoken = false
        while (!isStopped && (await deliver()) > 0);
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
