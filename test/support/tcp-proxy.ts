/** A TCP proxy in front of a server, for tests of networks that fail. */
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy extends Disposable {
  /** The same URL, through the proxy. */
  url: string
  /** Silent connections stay open, but nothing arrives any more, in either direction. */
  mode: 'open' | 'silent'
  /** Opens the network again for new connections; those of now stay silent. */
  forget(): void
  /** Breaks all connections. */
  cut(): void
  /** Passes the next data that contains the text on to the server, and then breaks that connection. */
  cutAfter(text: string): void
}

/** @param url of the server behind it */
export async function tcpProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let last: string | undefined
  let generation = 0
  const isSilent = (made: number) => proxy.mode === 'silent' || made < generation
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay()
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    let isCut = false
    const made = generation
    client.on('data', (data) => {
      if (isSilent(made) || isCut) return
      upstream.write(data)
      if (last === undefined || !data.includes(last)) return
      last = undefined
      isCut = true
    })
    upstream.on('data', (data) => {
      // What the server answers shows that it has done what it was asked for.
      if (isCut) client.destroy()
      else if (!isSilent(made)) client.write(data)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxied = new URL(url)
  proxied.port = String((server.address() as { port: number }).port)
  const proxy: TcpProxy = {
    url: proxied.href,
    mode: 'open',
    forget() {
      generation += 1
      proxy.mode = 'open'
    },
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    cutAfter: (text) => (last = text),
    [Symbol.dispose]() {
      proxy.cut()
      server.close()
    },
  }
  return proxy
}
