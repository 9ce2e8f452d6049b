/** The composition root: from settings to the function that handles requests. */
import type { Elysia } from 'elysia'
import type { Logo } from '../adapters/brand-logo'
import { generateSecrets, type Secrets } from '../adapters/data-folder'
import type { LoadedTemplates } from '../adapters/mail/templates'
import { systemClock, systemRandom } from '../adapters/system'
import type { Worker } from '../adapters/worker'
import type { Settings } from '../config'
import type { LoadedSetting } from '../config/load'
import type { Core } from '../core'
import { accountEvents } from '../core/events/account-events'
import type { Policy } from '../core/kernel/policy'
import type { Clock, Report, Sealer } from '../core/kernel/ports'
import type { Keyring } from '../core/kernel/server-state'
import { activity as activityOf } from '../core/operations/activity'
import { signingKeySync } from '../core/tokens/signing-keys'
import type { Log } from '../http/log'
import { createMetrics, type Metrics } from '../http/metrics'
import type { Fetch } from '../http/server'
import { oneAtATime } from '../lib/one-at-a-time'
import { within } from '../lib/timers'
import type { Store } from '../store'
import { backgroundTasks } from './background-tasks'
import { type BackupProcess, backupSchedule } from './backup-schedule'
import { coreOf, type ReplacedPorts } from './core'
import { openDatabase, recordVersion } from './database'
import { unlessUnavailable } from './database-problem-log'
import { functionsOf } from './functions'
import { apiKeysOf, type Keys, keyringOf, requireSameKey, roleKeys, sealerOf, serverIdOf } from './keys'
import { logoOf } from './logo'
import { checkedTemplates } from './mail'
import { policyOf } from './policy'
import { jwtSecretWarning, sharedSecrets } from './shared-secrets'
import { type StoreEvents, storeEvents } from './store-events'
import { mountSurfaces } from './surfaces'
import { eventSender, mailSender, matrixWorker, startClockWatch } from './workers'

export interface AppOptions extends ReplacedPorts {
  settings: Settings
  /** The same settings with their origins, for administrators. */
  loaded: readonly LoadedSetting[]
  /** The secrets of the data folder; on Postgres undefined, since they are in the database. */
  secrets: Secrets | undefined
  /** Absolute path of the data folder; on Postgres it need not exist. */
  folder: string
  log: Log
  /** Replaced in tests. */
  clock?: Clock
  /** The command that prints the keys, as it is typed on this machine: `latchkey keys` without it. */
  keysCommand?: string
  /** Starts a backup in a process of its own; undefined to make none. */
  startBackup?(): BackupProcess
  /** Whether every answer is checked against its schema. */
  validatesResponses?: boolean
}

export interface App {
  fetch: Fetch
  /** The same with the dashboard, if that has a listener of its own. */
  fetchWithDashboard: Fetch | undefined
  core: Core
  store: Store
  keys: Keys
  metrics: Metrics | undefined
  templates: LoadedTemplates
  /** Reloads signing keys that any process added or revoked. A failure is logged. */
  refreshKeys(): Promise<void>
  /** Sends queued mail; undefined without a mail server. */
  mailWorker: Worker | undefined
  /**
   * Closes open event streams and stops waiting for slow clients, so that a shutdown does not have to wait for them.
   */
  beginStopping(): void
  /** All routes, for the documentation and its checks. */
  routes: Elysia
  close(): Promise<void>
}

export async function createApp(options: AppOptions): Promise<App> {
  const { settings, folder, log, clock = systemClock } = options
  const logo = await logoOf(settings)
  const templates = await checkedTemplates(settings, { folder, logo }, log)
  const events = storeEvents((error) => log.error('a message event listener failed', { error: String(error) }))
  const { random = systemRandom } = options
  const eventsOf = accountEvents({ policy: policyOf(settings), random, clock })
  const store = await openDatabase({ settings, folder, log, clock, onEvent: events.publish, eventsOf })
  try {
    const generated = generateSecrets({ random: random.bytes, now: clock.now() })
    const secrets = options.secrets ?? (await sharedSecrets(store, settings, generated))
    const warning = store.isShared ? await jwtSecretWarning(store, secrets) : undefined
    if (warning !== undefined) log.warn(warning)
    const sealer = sealerOf(settings, secrets, store)
    return await assemble({ ...options, clock, logo, templates, secrets, sealer, events, store })
  } catch (error) {
    await store.close()
    throw error
  }
}

interface Parts extends AppOptions {
  clock: Clock
  logo: Logo | undefined
  templates: LoadedTemplates
  secrets: Secrets
  sealer: Sealer
  events: StoreEvents
  store: Store
}

async function assemble(parts: Parts): Promise<App> {
  const { settings, loaded, secrets, log, clock, templates, sealer, events, store, validatesResponses = false } = parts
  await requireSameKey(store, sealer.keyId)
  await recordVersion(store)
  const policy = policyOf(settings)
  const apiKeys = apiKeysOf(settings, secrets)
  const { keyring, refreshKeys } = await followedKeys({ ...parts, policy })
  const report: Report = (level, message, fields) => log[level](message, fields)
  const clockWatch = await startClockWatch({ clock, report, store })
  const background = backgroundTasks(failure(log, 'a background task failed'))
  const functions = functionsOf(settings)
  const activity = activityOf({ store, clock, policy, report })
  events.onCounted(activity.count)
  const metrics = settings.server.metricsPort === undefined ? undefined : createMetrics()
  const { startBackup } = parts
  const backups = startBackup && backupSchedule({ settings, log, clock, store, start: startBackup })
  const core = coreOf({
    settings,
    secrets,
    replaced: parts,
    store,
    clock,
    sealer,
    policy,
    apiKeys,
    keyring,
    templates: templates.templates,
    background: background.add,
    report,
    clockWatch: clockWatch.watch,
    callFunction: functions.call,
    activity,
    observeHook: metrics?.observeHook,
    observeEvent: metrics?.observeEvent,
    backupStatus: () => backups?.status(),
    observeHash: metrics?.observeHash,
  })
  const surfaces = mountSurfaces({
    settings,
    loaded,
    core,
    log,
    clock,
    apiKeys,
    serverId: serverIdOf(settings, secrets),
    keysCommand: parts.keysCommand ?? 'latchkey keys',
    events,
    activity,
    metrics,
    logo: parts.logo,
    validatesResponses,
  })
  const { flaw, ...roles } = await roleKeys(keyring, secrets, clock.now())
  if (flaw !== undefined) log.warn(flaw)
  const mail = mailSender({ settings, core, log, events })
  const matrix = matrixWorker({ settings, core, log, events })
  const eventWorker = eventSender({ settings, core, log, events })
  return {
    ...surfaces,
    core,
    store,
    keys: { ...apiKeys, ...roles },
    metrics,
    templates,
    refreshKeys,
    mailWorker: mail?.worker,
    async close() {
      clockWatch.stop()
      await Promise.all([mail?.worker.stop(), eventWorker?.stop(), backups?.stop()])
      await within(SHUTDOWN_GRACE_MS, Promise.all([background.end(), matrix?.stop()]), () => {})
      mail?.mailer?.close()
      await functions.close()
      await activity.flush()
      await store.close()
    },
  }
}

/** The keys that sign tokens, kept in sync with the database. */
async function followedKeys(
  parts: Parts & { policy: Policy },
): Promise<{ keyring: Keyring } & Pick<App, 'refreshKeys'>> {
  const { settings, secrets, log, clock, sealer, events, store, policy } = parts
  const keyring = await keyringOf(settings, secrets)
  // With keys from the settings, the database has none.
  const isStored = settings.tokens.jwtKeys === undefined
  const readKeys = isStored ? signingKeySync({ store, clock, sealer, policy, keyring }) : async () => {}
  await readKeys()
  const refreshKeys = oneAtATime(() => readKeys().catch(failure(log, 'signing keys cannot be read')))
  events.onSigningKeys(() => void refreshKeys())
  return { keyring, refreshKeys }
}

const failure = (log: Log, message: string) =>
  unlessUnavailable((error) => log.error(message, { error: String(error) }))

/** How long a shutdown waits for outgoing requests. */
const SHUTDOWN_GRACE_MS = 5000
