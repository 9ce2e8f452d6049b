/** What a release consists of: `release.json`, written by `npm run release` and read by `latchkey update`. */

export interface ReleaseFile {
  /** Platform, such as `linux-x64-musl`. */
  target: string
  /** File name, beside the manifest. */
  name: string
  /** Lower-case hexadecimal. */
  sha256: string
  bytes: number
}

export interface ReleaseManifest {
  version: string
  commit: string
  executables: ReleaseFile[]
}

export const MANIFEST_NAME = 'release.json'
export const SIGNATURE_SUFFIX = '.minisig'

/** @throws if it is not a manifest */
export function parseManifest(text: string): ReleaseManifest {
  const { version, commit, executables } = JSON.parse(text)
  if (!isText(version) || !isText(commit) || !Array.isArray(executables) || !executables.every(isReleaseFile))
    throw new Error(`${MANIFEST_NAME} has another form than this version of Latchkey reads`)
  return { version, commit, executables }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** The name is joined to a path, so it must not leave the folder. */
const isReleaseFile = ({ target, name, sha256, bytes }: ReleaseFile): boolean =>
  isText(target) &&
  /^[\w-][\w.-]*$/.test(name) &&
  /^[0-9a-f]{64}$/.test(sha256) &&
  Number.isSafeInteger(bytes) &&
  bytes > 0
