import type { Command } from 'commander'
import { listenerUrl } from './addresses'
import { fail } from './exit-status'
import { print } from './output'
import { requireSettings } from './settings'

const TIMEOUT_MS = 3000

/** `latchkey healthcheck`: exit status 0 if a server with these settings reports that it is ready. */
export async function healthcheck(command: Command): Promise<void> {
  const url = `${listenerUrl(requireSettings(command).settings.server)}/ready`
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined)
  if (!answer) return fail(`no response from ${url}`)
  if (!answer.ok) return fail([`${url} answered ${answer.status}`, ...(await reasonsIn(answer))].join('\n'))
  print(command, await answer.json(), () => 'ready')
}

/** Problems the server reports, one per line. */
async function reasonsIn(answer: Response): Promise<string[]> {
  try {
    const { reasons = {} } = (await answer.json()) as { reasons?: Record<string, string> }
    return Object.entries(reasons).map(([name, reason]) => `${name}: ${reason}`)
  } catch {
    return []
  }
}
