import type { Command } from 'commander'
import { listenerUrl } from './addresses'
import { fail } from './exit-status'
import { print } from './output'
import { HEALTH_TIMEOUT_MS, otherServerProblem } from './running-server'
import { requireSettings } from './settings'

/** `latchkey healthcheck`: exit status 0 if a server with these settings reports that it is ready. */
export async function healthcheck(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const server = listenerUrl(settings.server)
  const url = `${server}/ready`
  const answer = await fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).catch(() => undefined)
  if (!answer) return fail(`no response from ${url}`)
  const problem = otherServerProblem(settings, server, answer)
  if (problem !== undefined) return fail(problem)
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
