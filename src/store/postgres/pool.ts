/**
 * The connections of a server: those of reads, which share them, and those of transactions, each of which has one to
 * itself for a while. All can be replaced at once, because connections to a server that is gone may stay silent.
 */
import type { ReservedSQL, SQL } from 'bun'
import { Unavailable } from '../../lib/unavailable'
import type { ConnectionCounts } from '../engine'

/** How long a transaction waits for a connection. */
const WAIT_MS = 2000
/** How long a transaction may take; no statement of it takes longer than `statement_timeout`. */
export const TRANSACTION_MS = 6000

/** A part of the connections that transactions leave to reads. */
const READERS = 0.2

export interface Pool extends Pick<SQL, 'unsafe'> {
  /** @throws {Unavailable} if none becomes free in time */
  reserve(): Promise<ReservedSQL>
  /** Never fails: the transaction has ended, whatever becomes of the connection. */
  release(connection: ReservedSQL): Promise<void>
  /** Ends the transactions that take too long. */
  endOverdue(): void
  /** Opens new connections, and breaks the present ones. @param patienceSeconds for what runs on these; by default none */
  replace(patienceSeconds?: number): void
  connections(): ConnectionCounts
  /** Breaks all connections. */
  close(): Promise<void>
}

/** @param connect opens the connections when they are needed */
export function poolOf(connect: () => SQL, max: number): Pool {
  let current = connect()
  const reservedAt = new Map<ReservedSQL, number>()
  const queue = queueFor(Math.max(1, max - Math.ceil(max * READERS)))

  async function reserve(): Promise<ReservedSQL> {
    const waitEnds = performance.now() + WAIT_MS
    await queue.enter(WAIT_MS)
    try {
      const connection = await reservation(current, Math.max(1, waitEnds - performance.now()))
      reservedAt.set(connection, performance.now())
      return connection
    } catch (error) {
      queue.leave()
      throw error
    }
  }

  return {
    unsafe: (text, values) => current.unsafe(text, values),
    reserve,
    async release(connection) {
      reservedAt.delete(connection)
      queue.leave()
      await giveBack(connection)
    },
    endOverdue() {
      const overdue = performance.now() - TRANSACTION_MS
      for (const [connection, since] of reservedAt) if (since < overdue) breakOff(connection)
    },
    replace(patienceSeconds) {
      const old = current
      current = connect()
      breakOff(old, patienceSeconds)
    },
    connections: () => ({ max, reserved: reservedAt.size, waiting: queue.waiting() }),
    close: () => current.close({ timeout: 0 }),
  }
}

/** One that is lost is replaced. */
export async function giveBack(connection: ReservedSQL): Promise<void> {
  try {
    await connection.release()
  } catch {}
}

/** What runs on it is rejected, after a while. */
function breakOff(connection: SQL, patienceSeconds = 0): void {
  connection.close({ timeout: patienceSeconds }).catch(() => {})
}

/** A connection that comes too late is given back. */
function reservation(pool: SQL, waitMs: number): Promise<ReservedSQL> {
  const { promise, resolve, reject } = Promise.withResolvers<ReservedSQL>()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    reject(new Unavailable('no_connection'))
  }, waitMs)
  pool.reserve().then(
    (connection) => {
      clearTimeout(timer)
      if (isLate) void giveBack(connection)
      else resolve(connection)
    },
    (error: unknown) => {
      clearTimeout(timer)
      reject(error)
    },
  )
  return promise
}

interface Queue {
  /** @throws {Unavailable} if it is not this one's turn in time */
  enter(waitMs: number): Promise<void>
  leave(): void
  waiting(): number
}

/** First come, first served. @param places how many may have entered */
function queueFor(places: number): Queue {
  let free = places
  const waiting = new Set<() => void>()
  return {
    async enter(waitMs) {
      if (free > 0) {
        free -= 1
        return
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => {
        waiting.delete(next)
        reject(new Unavailable('no_connection'))
      }, waitMs)
      const next = () => {
        clearTimeout(timer)
        resolve()
      }
      waiting.add(next)
      await promise
    },
    leave() {
      const [next] = waiting
      if (!next) {
        free += 1
        return
      }
      waiting.delete(next)
      next()
    },
    waiting: () => waiting.size,
  }
}
