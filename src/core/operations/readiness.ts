/** Readiness: a list of named checks, all of which `/ready` runs. */

import type { Context } from '../kernel/context'
import type { Finding } from '../kernel/server-state'

export interface ReadinessCheck {
  name: string
  /**
   * @returns undefined if there is nothing to check
   * @throws if the check itself fails, which is treated as a fatal finding
   */
  run(): Promise<Finding | undefined>
}

export interface Readiness {
  isReady: boolean
  /** Findings by the name of their check. */
  findings: Record<string, Finding>
}

/** @param onFault called if a check itself fails */
export async function readinessOf(
  checks: readonly ReadinessCheck[],
  onFault: (error: unknown) => void,
): Promise<Readiness> {
  const found = await Promise.all(
    checks.map(async ({ name, run }) => {
      try {
        return { name, finding: await run() }
      } catch (error) {
        onFault(error)
        return { name, finding: { state: 'failed', isFatal: true, reason: 'the check itself failed; see the log' } }
      }
    }),
  )
  const findings = found.flatMap(({ name, finding }) => (finding ? [[name, finding] as const] : []))
  return { isReady: !findings.some(([, { isFatal }]) => isFatal), findings: Object.fromEntries(findings) }
}

/** Whether requests can read and write. */
export async function checkDatabase({ store, now }: Context): Promise<Finding> {
  const condition = await store.examine(now)
  return condition ? { state: 'failed', isFatal: true, reason: condition.reason } : { state: 'ok' }
}

/** Below this, the operator is warned before the disk is full. */
const LOW_BYTES = 64 * 1024 * 1024

export async function checkDisk({ store }: Context): Promise<Finding | undefined> {
  const space = await store.space()
  if (!space) return undefined
  const { freeBytes } = space
  if (freeBytes === undefined) return { state: 'unknown', reason: 'the folder of the database cannot be read' }
  if (freeBytes >= LOW_BYTES) return { state: 'ok' }
  return { state: 'low', reason: `${Math.floor(freeBytes / 1024 / 1024)} MiB are free on the disk of the database` }
}
