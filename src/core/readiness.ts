/** What has to be right for this server to do its work, as a list of named checks; `/ready` asks them all. */

import type { Deps } from './deps'

export interface Finding {
  /** `ok`, or in one word what is wrong. */
  state: string
  /** Whether requests fail because of it; otherwise it is reported and no more, since a restart would not help. */
  isFatal?: boolean
  /** What is wrong, in words for an operator. Public: it names no path and no user. */
  reason?: string
}

export interface ReadinessCheck {
  name: string
  /** @throws where it cannot tell, which counts as a fatal finding */
  look(): Promise<Finding>
}

export interface Readiness {
  isReady: boolean
  /** By the name of the check. */
  findings: Record<string, Finding>
}

/** @param onFault hears of a check that failed itself */
export async function readinessOf(
  checks: readonly ReadinessCheck[],
  onFault: (error: unknown) => void,
): Promise<Readiness> {
  const found = await Promise.all(
    checks.map(async ({ name, look }): Promise<[string, Finding]> => {
      try {
        return [name, await look()]
      } catch (error) {
        onFault(error)
        return [name, { state: 'failed', isFatal: true, reason: 'the check itself failed; the log names the cause' }]
      }
    }),
  )
  return { isReady: !found.some(([, { isFatal }]) => isFatal), findings: Object.fromEntries(found) }
}

/** Whether requests can read and write. */
export async function examineDatabase({ store, clock }: Deps): Promise<Finding> {
  const condition = await store.examine(clock.now())
  return condition ? { state: 'failed', isFatal: true, reason: condition.reason } : { state: 'ok' }
}

/** With less left than this, somebody should look before it is full. */
const LOW_BYTES = 64 * 1024 * 1024

export async function examineDisk({ store }: Deps): Promise<Finding> {
  const { freeBytes } = await store.space()
  if (freeBytes === undefined) return { state: 'unknown', reason: 'the folder of the database cannot be read' }
  if (freeBytes >= LOW_BYTES) return { state: 'ok' }
  return { state: 'low', reason: `${Math.floor(freeBytes / 1024 / 1024)} MiB are left on the disk of the database` }
}
