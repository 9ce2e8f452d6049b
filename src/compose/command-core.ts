/** The core for commands, which work on the database beside a running server. */
import { resolve } from 'node:path'
import type { Secrets } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import type { Settings } from '../config'
import type { RequestCore } from '../core'
import type { Report } from '../core/kernel/ports'
import { activity } from '../core/operations/activity'
import { clockWatch } from '../core/operations/clock-watch'
import { signingKeySync } from '../core/tokens/signing-keys'
import type { Store } from '../store'
import { builtAt } from '../version'
import { backgroundTasks } from './background-tasks'
import { coreOf } from './core'
import { functionsOf } from './functions'
import { apiKeysOf, keyringOf, requireSameKey, sealerOf } from './keys'
import { logoOf } from './logo'
import { templatesOf } from './mail'
import { policyOf } from './policy'

export interface CommandCoreOptions {
  settings: Settings
  secrets: Secrets
  store: Store
  report: Report
}

export interface CommandCore extends AsyncDisposable {
  /** The core for one step of the command: its time is now. */
  forTask(): RequestCore
}

/** @throws if the database was written with another encryption key */
export async function commandCore({ settings, secrets, store, report }: CommandCoreOptions): Promise<CommandCore> {
  const clock = systemClock
  const policy = policyOf(settings)
  const sealer = sealerOf(settings, secrets, store)
  await requireSameKey(store, sealer.keyId)
  const keyring = await keyringOf(settings, secrets)
  if (settings.tokens.jwtKeys === undefined) await signingKeySync({ store, clock, sealer, policy, keyring })()
  // What is wrong with its file, the server and `latchkey check` say.
  const logo = await logoOf(settings).catch(() => undefined)
  const { templates } = await templatesOf(settings, { folder: resolve(settings.server.dataDir), logo })
  const background = backgroundTasks((error) => report('error', 'a background task failed', { error: String(error) }))
  const functions = functionsOf(settings)
  const counts = activity({ store, clock, policy, report })
  const core = coreOf({
    settings,
    secrets,
    replaced: {},
    store,
    clock,
    sealer,
    policy,
    apiKeys: apiKeysOf(settings, secrets),
    keyring,
    templates,
    background: background.add,
    report,
    clockWatch: clockWatch({ clock, report, builtAt, latestAt: await store.latestInstant() }),
    callFunction: functions.call,
    activity: counts,
    observeHook: undefined,
    observeEvent: undefined,
    backupStatus: () => undefined,
  })
  return {
    forTask: core.forTask,
    async [Symbol.asyncDispose]() {
      await background.end()
      await functions.close()
      await counts.flush()
    },
  }
}
