/** Version of this build. The constants are set by `scripts/build.ts`; running from source has none. */
import manifest from '../package.json' with { type: 'json' }

declare const LATCHKEY_COMMIT: string | undefined

declare const LATCHKEY_BUILT_AT: number | undefined

declare const LATCHKEY_TARGET: string | undefined

declare const LATCHKEY_UPDATE_PUBLIC_KEY: string | undefined

export const version = manifest.version

/** Short hash of the commit, or `source`. */
export const commit = typeof LATCHKEY_COMMIT === 'string' ? LATCHKEY_COMMIT : 'source'

/** Commit time in Unix milliseconds; 0 if unknown. */
export const builtAt = typeof LATCHKEY_BUILT_AT === 'number' ? LATCHKEY_BUILT_AT : 0

/** Platform of the executable, as releases name it: `linux-x64`, `linux-arm64-musl`, `windows-x64`. */
export const target =
  typeof LATCHKEY_TARGET === 'string'
    ? LATCHKEY_TARGET
    : `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

/** minisign's public key whose signature `latchkey update` accepts; undefined if none was given to the build. */
export const updatePublicKey = typeof LATCHKEY_UPDATE_PUBLIC_KEY === 'string' ? LATCHKEY_UPDATE_PUBLIC_KEY : undefined
