/** Lists that wait for a message, so that tests need not poll. */
import type { MailboxFilter, MailboxMessage, MailboxSource } from './source'

/** Further requests are answered at once. */
const MAX_WAITING = 100

export interface WaitingLists {
  /** Lists messages, as soon as there are any, at the latest when the time is up or the client has gone. */
  list(filter: MailboxFilter, waitMs: number, signal: AbortSignal): Promise<MailboxMessage[]>
  /** Answers all waiting requests, and future ones at once. */
  close(): void
}

export function waitingLists(source: Pick<MailboxSource, 'listMessages' | 'onMessage'>): WaitingLists {
  const waits = new Set<Wait>()
  let isClosed = false
  return {
    async list(filter, waitMs, signal) {
      if (waitMs === 0 || isClosed || waits.size >= MAX_WAITING) return source.listMessages(filter)
      // Before the first list is read, so that no message is missed in between.
      const wait = startWait(source, waitMs, signal)
      waits.add(wait)
      try {
        while (true) {
          const isLast = wait.isOver()
          const messages = await source.listMessages(filter)
          if (messages.length > 0 || isLast) return messages
          await wait.change()
        }
      } finally {
        wait.release()
        waits.delete(wait)
      }
    },
    close() {
      isClosed = true
      for (const wait of waits) wait.end()
    },
  }
}

interface Wait {
  isOver(): boolean
  /** Resolves after a message that no earlier call has reported, and at the end. */
  change(): Promise<void>
  end(): void
  release(): void
}

function startWait(source: Pick<MailboxSource, 'onMessage'>, waitMs: number, signal: AbortSignal): Wait {
  let over = signal.aborted
  let next = Promise.withResolvers<void>()
  const end = () => {
    over = true
    next.resolve()
  }
  const timer = setTimeout(end, waitMs)
  const unsubscribe = source.onMessage(() => next.resolve())
  signal.addEventListener('abort', end)
  return {
    isOver: () => over,
    async change() {
      await next.promise
      if (!over) next = Promise.withResolvers<void>()
    },
    end,
    release() {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', end)
    },
  }
}
