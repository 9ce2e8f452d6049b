/** One keep-alive HTTP/1.1 connection that sends a request at a time: as little of the client in the figures as can be. */
import { connect } from 'node:net'

// biome-ignore lint/suspicious/noExplicitAny: answers are whatever the scenario reads from them
type Json = any

export interface Connection {
  /** @returns the JSON body @throws if the response is not a success */
  send(method: string, path: string, body?: unknown, token?: string): Promise<Json>
  close(): void
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.setNoDelay(true)
  let buffer = Buffer.alloc(0)
  let waiting: { resolve(body: Json): void; reject(error: Error): void } | undefined
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')))
  socket.on('data', (data: Buffer) => {
    buffer = buffer.length > 0 ? Buffer.concat([buffer, data]) : Buffer.from(data)
    const end = buffer.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = buffer.toString('latin1', 0, end)
    // the server sends Content-Length with every answer
    const stop = end + 4 + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (buffer.length < stop) return
    const body = buffer.toString('utf8', end + 4, stop)
    buffer = Buffer.from(buffer.subarray(stop))
    const { resolve, reject } = waiting ?? {}
    waiting = undefined
    const status = Number(head.slice(9, 12))
    if (status < 300) resolve?.(JSON.parse(body))
    else reject?.(new Error(`${status} ${body}`))
  })

  return {
    send(method, path, body, token) {
      const payload = body === undefined ? '' : JSON.stringify(body)
      const head = [
        `${method} /auth/v1${path} HTTP/1.1`,
        'Host: 127.0.0.1',
        ...(token ? [`Authorization: Bearer ${token}`] : []),
        ...(method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(payload)}`]),
      ]
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(`${head.join('\r\n')}\r\n\r\n${payload}`)
      })
    },
    close() {
      waiting = undefined
      socket.destroy()
    },
  }
}
