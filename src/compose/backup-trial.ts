/** Signs in to a restored database: one that allows no sign-in is no backup. */
import type { Secrets } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import type { Settings } from '../config'
import { HOOK_KEYS } from '../hooks'
import { openStore } from '../store'
import { openSource } from '../store/move'
import { version } from '../version'
import { commandCore } from './command-core'
import { sealerOf } from './keys'
import { sealedValuesOf } from './moved-rows'

export interface Trial {
  /** Secrets of sampled rows that were decrypted. */
  openedSecrets: number
  /** The account that was signed in to; undefined if there is none. */
  userId: string | undefined
}

export interface TrialOptions {
  /** Of the server, whose secrets replace those of the backup. */
  settings: Settings
  /** Path of a copy. It is migrated and written to. */
  database: string
  secrets: Secrets
}

/** Calls no hook and sends nothing. @throws if a secret cannot be decrypted, or no session can be opened */
export async function tryRestored({ settings, database, secrets }: TrialOptions): Promise<Trial> {
  const quiet = withoutHooks(settings)
  const now = systemClock.now()
  const store = await openStore(database, now, { version })
  try {
    const report = () => {}
    await using core = await commandCore({ settings: quiet, secrets, store, report })
    const userId = await core.forTask().tryASession()
    return { userId, openedSecrets: await openSampledSecrets(database, settings, secrets) }
  } finally {
    await store.close()
  }
}

/** The operator's server is not told of a session that is a trial. */
const withoutHooks = (settings: Settings): Settings => ({
  ...settings,
  hooks: { ...settings.hooks, ...Object.fromEntries(HOOK_KEYS.map((key) => [`${key}Enabled`, false])) },
})

/** The first rows of each table with secrets. */
async function openSampledSecrets(database: string, settings: Settings, secrets: Secrets): Promise<number> {
  const sealer = sealerOf(settings, secrets, { isShared: false })
  await using source = await openSource(database)
  let opened = 0
  for (const { table, valuesOf } of sealedValuesOf(sealer)) {
    for await (const rows of source.read(table)) {
      for (const row of rows) opened += valuesOf(row).length
      break
    }
  }
  return opened
}
