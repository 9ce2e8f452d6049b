/** A TCP port that nothing listens on, for a program that has to be told its port. */
export function freePort(): number {
  using server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  return server.port
}
