import type { Command } from 'commander'
import { systemClock } from '../adapters/system'
import { apiKeysOf, gotrueSettings, keyringOf, roleKeys } from '../compose/keys'
import { clientUrl } from '../compose/policy'
import type { Settings } from '../config'
import { secretsFor } from './data'
import { exitOnError } from './exit-status'
import { requireSettings } from './settings'

/** `latchkey keys`: the API keys, including the secret key. Only `--init` creates the keys of a new server. */
export async function keys(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const found = await exitOnError(async () => ({ url: clientUrl(settings), ...(await keysFor(command, settings)) }))
  if (command.opts().json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else for (const [name, value] of Object.entries(found)) process.stdout.write(`${name.padEnd(16)}  ${value}\n`)
}

/** The API keys. @throws if there is no server, and `--init` is not given */
export async function keysFor(command: Command, settings: Settings) {
  const { secrets, newIn } = await secretsFor(command, settings)
  if (newIn !== undefined) process.stderr.write(`latchkey: generated new keys in ${newIn}\n`)
  const { publishable, secret } = apiKeysOf(settings, secrets)
  const ring = await keyringOf(settings, secrets)
  const { anon, serviceRole, flaw } = await roleKeys(ring, secrets, systemClock.now())
  if (flaw !== undefined) process.stderr.write(`latchkey: ${flaw}\n`)
  return { publishable_key: publishable, secret_key: secret, anon_key: anon, service_role_key: serviceRole }
}

/** `latchkey keys gotrue`: the lines that let GoTrue read the secrets that this server wrote to its tables. */
export async function keysForGotrue(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const lines = await exitOnError(async () => {
    const { secrets } = await secretsFor(command, settings)
    return Object.entries(gotrueSettings(settings, secrets)).map(([name, value]) => `${name}=${value}\n`)
  })
  process.stdout.write(lines.join(''))
}
