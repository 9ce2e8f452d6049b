/** Server-sent events (HTML Standard §9.2): one per new message, for every listener. */
import type { MailboxSource } from './source'

/**
 * Buffered events per client. A client that does not read is disconnected; the list of messages contains the events it
 * missed.
 */
const MAX_BEHIND = 100

/** Maximum number of open streams: each holds a connection and a timer. */
export const MAX_EVENT_STREAMS = 100
export const MAX_EVENT_STREAMS_OF_ADDRESS = 20

export interface EventStreams {
  /** @param address of the client @returns a stream, or which limit is reached */
  open(address: string): Response | 'too_many_streams' | 'streams_exhausted'
  /** Ends all streams, and future ones immediately. */
  close(): void
}

/** @param pingMs how often something is sent, so that the connection is not considered idle */
export function eventStreams(source: Pick<MailboxSource, 'onMessage'>, pingMs: number): EventStreams {
  const ends = new Set<() => void>()
  const ofAddress = new Map<string, number>()
  const count = (address: string, change: number) => {
    const open = (ofAddress.get(address) ?? 0) + change
    if (open > 0) ofAddress.set(address, open)
    else ofAddress.delete(address)
  }
  let isClosed = false
  return {
    open(address) {
      if ((ofAddress.get(address) ?? 0) >= MAX_EVENT_STREAMS_OF_ADDRESS) return 'too_many_streams'
      if (ends.size >= MAX_EVENT_STREAMS) return 'streams_exhausted'
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
            if (ends.delete(end)) count(address, -1)
          }
          ends.add(end)
          count(address, 1)
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
