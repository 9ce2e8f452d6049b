/**
 * File descriptors: each connection uses one, and Bun silently stops accepting connections when there are none left.
 */
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Log } from '../http/log'
import { every } from '../lib/timers'

/** Below this limit, a burst of connections is likely to exhaust the descriptors. */
const RECOMMENDED_LIMIT = 1024
/** Approximate number of files the server itself keeps open. */
const OWN = 40
const POLL_INTERVAL_MS = 1000

/** The limit of open files (`ulimit -n`); undefined if the system does not report it. */
export function openFileLimit(read = () => readFileSync('/proc/self/limits', 'utf8')): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(read()) ?? []
    return soft === undefined ? undefined : soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return undefined
  }
}

/** Warning for the operator at start, if any. */
export function lowLimitWarning(limit: number | undefined): string | undefined {
  if (limit === undefined || limit >= RECOMMENDED_LIMIT) return undefined
  return `this process may open only ${limit} files (ulimit -n), which is enough for about ${Math.max(0, limit - OWN)} connections at once; raise the limit to ${RECOMMENDED_LIMIT} or more`
}

/** Logs that no descriptor is left, and that there are some again. */
export function watchOpenFiles(log: Log, hasFreeDescriptor: () => boolean = canOpen): Timer {
  let isExhausted = false
  const look = () => {
    const isLeft = hasFreeDescriptor()
    if (!isLeft && !isExhausted)
      log.warn('out of file descriptors: new connections wait until others are closed', {
        limit: openFileLimit(),
      })
    if (isLeft && isExhausted) log.info('file descriptors are available again')
    isExhausted = !isLeft
  }
  return every(POLL_INTERVAL_MS, look)
}

function canOpen(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'))
    return true
  } catch (error) {
    const { code } = error as { code?: string }
    return code !== 'EMFILE' && code !== 'ENFILE'
  }
}
