import { resolve } from 'node:path'
import type { Command } from 'commander'
import { databaseTarget, shownDatabase } from '../compose/keys'
import type { Settings } from '../config'
import { addressesOf, listenerUrl } from './addresses'
import { EXIT, exitOnError } from './exit-status'
import { commandWith } from './invocation'
import { keysFor } from './keys'
import { fields } from './output'
import { runningServer } from './running-server'
import { requireSettings } from './settings'

/** `latchkey status`: whether a server runs with these settings, and what an application needs to use it. */
export async function status(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const keys = await exitOnError(() => keysFor(command, settings))
  const { json = false, output = json ? 'json' : 'text' } = command.opts<{ json?: boolean; output?: Format }>()
  const running = await runningServer(settings)
  const { client, mailbox } = addressesOf(settings)
  const found = {
    running: running.version !== undefined,
    version: running.version ?? null,
    url: client,
    api_url: settings.server.apiExternalUrl,
    mailbox_url: mailbox?.url ?? null,
    dashboard_url: dashboardUrl(settings, client),
    database: shownDatabase(databaseTarget(settings, resolve(settings.server.dataDir))),
    ...keys,
  }
  process.stdout.write(`${FORMATS[output](found, settings)}\n`)
  if (running.version !== undefined) return
  process.stderr.write(`latchkey: ${running.reason}\n`)
  process.exitCode = EXIT.notRunning
}

type Found = Awaited<ReturnType<typeof keysFor>> & {
  running: boolean
  version: string | null
  url: string
  api_url: string
  mailbox_url: string | null
  dashboard_url: string | null
  database: string
}

function dashboardUrl({ server }: Settings, client: string): string | null {
  if (!server.dashboard) return null
  const { dashboardHost: host, dashboardPort: port } = server
  return `${port === undefined ? client : listenerUrl({ host, port })}/dashboard`
}

const FORMATS = {
  text: (found: Found, { server }: Settings) =>
    fields({
      status: found.running ? `running, version ${found.version}` : 'not running',
      url: found.url,
      'api url': found.api_url,
      mailbox: found.mailbox_url ?? '',
      dashboard: found.dashboard_url ?? '',
      database: found.database,
      'publishable key': found.publishable_key,
      'secret key': `run ${commandWith('keys', server.dataDir)}`,
    }),
  json: (found: Found) => JSON.stringify(found, null, 2),
  env: (found: Found) =>
    Object.entries(environment(found))
      .map(([name, value]) => `${name}="${value}"`)
      .join('\n'),
}

type Format = keyof typeof FORMATS

/** Prefixes of variables that the bundlers of Next.js, Vite, SvelteKit and Expo put into an application. */
const PUBLIC_PREFIXES = ['NEXT_PUBLIC', 'VITE', 'PUBLIC', 'EXPO_PUBLIC']

/** The names that `supabase status -o env` prints, and those that the guides of Supabase use. */
function environment({ url, publishable_key, secret_key, anon_key, service_role_key }: Found): Record<string, string> {
  return {
    API_URL: url,
    ANON_KEY: anon_key,
    SERVICE_ROLE_KEY: service_role_key,
    PUBLISHABLE_KEY: publishable_key,
    SECRET_KEY: secret_key,
    SUPABASE_URL: url,
    SUPABASE_ANON_KEY: anon_key,
    SUPABASE_SERVICE_ROLE_KEY: service_role_key,
    SUPABASE_PUBLISHABLE_KEY: publishable_key,
    SUPABASE_SECRET_KEY: secret_key,
    ...Object.fromEntries(
      PUBLIC_PREFIXES.flatMap((prefix) => [
        [`${prefix}_SUPABASE_URL`, url],
        [`${prefix}_SUPABASE_ANON_KEY`, anon_key],
        [`${prefix}_SUPABASE_PUBLISHABLE_KEY`, publishable_key],
        [`${prefix}_SUPABASE_PUBLISHABLE_OR_ANON_KEY`, publishable_key],
      ]),
    ),
  }
}
