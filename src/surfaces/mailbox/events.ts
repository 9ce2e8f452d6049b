/** Server-sent events (HTML Standard §9.2): one for each new message, to everybody who listens. */
import type { MailboxSource } from './source'

/** Events a client may be behind. One that does not read is let go; it finds all it missed in the list. */
const MAX_BEHIND = 100

export interface EventStreams {
  open(): Response
  /** Ends all streams, and those that are still to come at once. */
  close(): void
}

/** @param pingMs how often something is sent to keep the connection from being taken for idle */
export function eventStreams(source: Pick<MailboxSource, 'onMessage'>, pingMs: number): EventStreams {
  const ends = new Set<() => void>()
  let isClosed = false
  return {
    open() {
      let release = () => {}
      const stream = new ReadableStream({
        start(controller) {
          const end = () => {
            release()
            controller.close()
          }
          const send = (text: string) => {
            controller.enqueue(Buffer.from(text))
            if ((controller.desiredSize ?? 0) < -MAX_BEHIND) end()
          }
          const ping = setInterval(() => send(':\n\n'), pingMs)
          const unsubscribe = source.onMessage(({ id, to }) =>
            send(`event: message\ndata: ${JSON.stringify({ id, to })}\n\n`),
          )
          release = () => {
            clearInterval(ping)
            unsubscribe()
            ends.delete(end)
          }
          ends.add(end)
          // The first bytes tell the client that it is connected.
          send(':\n\n')
          if (isClosed) end()
        },
        cancel: () => release(),
      })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    },
    close() {
      isClosed = true
      for (const end of [...ends]) end()
    },
  }
}
