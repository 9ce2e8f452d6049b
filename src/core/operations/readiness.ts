/** Readiness: named checks, all of which `/ready` runs. */
import { MINUTE } from '../../lib/milliseconds'
import type { Context } from '../kernel/context'
import type { Finding } from '../kernel/server-state'
import { type MailQueue, mailQueue } from '../messages/outbox'

interface Check {
  name: string
  /**
   * @returns undefined if there is nothing to check
   * @throws if the check itself fails, which is treated as a fatal finding
   */
  run(context: Context): Finding | undefined | Promise<Finding | undefined>
}

const CHECKS: readonly Check[] = [
  { name: 'database', run: checkDatabase },
  { name: 'disk', run: checkDisk },
  { name: 'clock', run: ({ clockWatch }) => clockWatch.compare() },
]

export interface Readiness {
  isReady: boolean
  /** Findings by the name of their check. */
  findings: Record<string, Finding>
  queue: MailQueue
}

/** While the database fails, the queue is unknown. */
const NOTHING_QUEUED: MailQueue = { length: 0, oldestMs: 0, nextInMs: undefined }

/** @param onFault called if a check itself fails */
export async function checkReadiness(context: Context, onFault: (error: unknown) => void): Promise<Readiness> {
  const found = await Promise.all(
    CHECKS.map(async ({ name, run }) => {
      try {
        return { name, finding: await run(context) }
      } catch (error) {
        onFault(error)
        return { name, finding: { state: 'failed', isFatal: true, reason: 'the check itself failed; see the log' } }
      }
    }),
  )
  const findings = Object.fromEntries(found.flatMap(({ name, finding }) => (finding ? [[name, finding] as const] : [])))
  const isReady = !Object.values(findings).some(({ isFatal }) => isFatal)
  const queue = isReady ? await mailQueue(context).catch(() => NOTHING_QUEUED) : NOTHING_QUEUED
  return { isReady, queue, findings: { ...findings, mail: mailFinding(queue) } }
}

/** Mail that has waited for this long is reported as delayed. */
const DELAYED_MS = 300_000

function mailFinding({ oldestMs }: MailQueue): Finding {
  if (oldestMs <= DELAYED_MS) return { state: 'ok' }
  return {
    state: 'delayed',
    reason: `the oldest unsent mail has been queued for ${DELAYED_MS / MINUTE} minutes or more`,
  }
}

/** Whether requests can read and write. */
async function checkDatabase({ store, now }: Context): Promise<Finding> {
  const condition = await store.examine(now)
  return condition ? { state: 'failed', isFatal: true, reason: condition.reason } : { state: 'ok' }
}

/** Below this, the operator is warned before the disk is full. */
const LOW_BYTES = 64 * 1024 * 1024

async function checkDisk({ store }: Context): Promise<Finding | undefined> {
  const space = await store.space()
  if (!space) return undefined
  const { freeBytes } = space
  if (freeBytes === undefined) return { state: 'unknown', reason: 'the folder of the database cannot be read' }
  if (freeBytes >= LOW_BYTES) return { state: 'ok' }
  return { state: 'low', reason: `${Math.floor(freeBytes / 1024 / 1024)} MiB are free on the disk of the database` }
}
