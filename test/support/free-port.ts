/** Below the ports that systems give to outgoing connections and to servers that ask for any port. */
const FIRST_PORT = 10_000
/** Each process takes its ports from a block of its own, since several run tests at the same time. */
const BLOCK = 100
const BLOCKS = 200

let taken = 0

/**
 * A TCP port that nothing listens on, for a program that has to be told its port, or for an address where no server is.
 * Nothing else takes it meanwhile, as could happen to a port that the system has chosen.
 */
export function freePort(): number {
  for (let tries = 0; tries < BLOCK; tries++) {
    const port = FIRST_PORT + (process.pid % BLOCKS) * BLOCK + (taken++ % BLOCK)
    if (isFree(port)) return port
  }
  throw new Error('all ports of this process are in use')
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop(true)
    return true
  } catch {
    return false
  }
}
