/** Version of this build. The constants are set by `scripts/build.ts`; running from source has none. */
import manifest from '../package.json' with { type: 'json' }

declare const LATCHKEY_COMMIT: string | undefined

declare const LATCHKEY_BUILT_AT: number | undefined

export const version = manifest.version

/** Short hash of the commit, or `source`. */
export const commit = typeof LATCHKEY_COMMIT === 'string' ? LATCHKEY_COMMIT : 'source'

/** Commit time in Unix milliseconds; 0 if unknown. */
export const builtAt = typeof LATCHKEY_BUILT_AT === 'number' ? LATCHKEY_BUILT_AT : 0
