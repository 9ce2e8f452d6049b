/** The requests of the benchmark, and what one costs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, openConnection } from './connection'

export const PASSWORD = 'correct-horse-battery-9'

export interface Measured {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** CPU of one request in all processes measured. */
  cpuUs: number
}

/** Which servers are asked, and how. */
export interface Load {
  /** One or several servers on the same database. */
  ports: readonly number[]
  seconds: number
  clients: number
  /** CPU used so far, in seconds. */
  cpuSeconds(): number
}

export type Step = () => Promise<unknown>

let serial = 0
const address = () => `bench-${process.pid}-${serial++}@example.com`

const signUp = (wire: Connection, email = address()) => wire.send('POST', '/signup', { email, password: PASSWORD })

/** What each client prepares once, and then repeats. */
export const scenarios: Record<string, (wire: Connection) => Promise<Step>> = {
  settings: async (wire) => () => wire.send('GET', '/settings'),
  'GET /user': async (wire) => {
    const { access_token } = await signUp(wire)
    return () => wire.send('GET', '/user', undefined, access_token)
  },
  refresh: async (wire) => {
    let { refresh_token } = await signUp(wire)
    return async () => {
      ;({ refresh_token } = await wire.send('POST', '/token?grant_type=refresh_token', { refresh_token }))
    }
  },
  'sign-in': async (wire) => {
    const email = address()
    await signUp(wire, email)
    return () => wire.send('POST', '/token?grant_type=password', { email, password: PASSWORD })
  },
  'sign-up': async (wire) => () => signUp(wire),
  'recovery mail': async (wire) => {
    const email = address()
    await signUp(wire, email)
    return () => wire.send('POST', '/recover', { email })
  },
}

export async function measure(
  { ports, seconds, clients, cpuSeconds: used }: Load,
  prepare: (wire: Connection) => Promise<Step>,
): Promise<Measured> {
  const wires = await Promise.all(
    Array.from({ length: clients }, (_, index) => openConnection(ports[index % ports.length] as number)),
  )
  const steps: Step[] = []
  for (const wire of wires) steps.push(await prepare(wire))
  const times: number[] = []
  const cpuBefore = used()
  const since = performance.now()
  await Promise.all(
    steps.map(async (step) => {
      while (performance.now() - since < seconds * 1000) {
        const at = performance.now()
        await step()
        times.push(performance.now() - at)
      }
    }),
  )
  const elapsed = (performance.now() - since) / 1000
  const cpuUs = ((used() - cpuBefore) * 1e6) / times.length
  for (const wire of wires) wire.close()
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? 0
  return { perSecond: times.length / elapsed, p50Ms: at(0.5), p99Ms: at(0.99), cpuUs }
}

/** User and system time of a process so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

export async function startBare() {
  const server = Bun.spawn([process.execPath, join(import.meta.dir, 'bare.ts')], { env: {}, stdout: 'pipe' })
  const { value } = await server.stdout.getReader().read()
  return { pid: server.pid, port: Number(new TextDecoder().decode(value)), stop: () => server.kill() }
}
