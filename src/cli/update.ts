import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { parsePublicKey, verifiedComment } from '../lib/minisign'
import { readAtMost } from '../lib/read-at-most'
import { MANIFEST_NAME, parseManifest, type ReleaseManifest, SIGNATURE_SUFFIX } from '../lib/release-manifest'
import { target, updatePublicKey, version } from '../version'
import { EXIT, exitOnError, fail } from './exit-status'
import { print } from './output'
import { otherInstaller, replaceExecutable, sha256 } from './replace-executable'
import { givenSettings, requireSettings } from './settings'

interface UpdateOptions {
  from?: string
  publicKey?: string
  allowDowngrade?: boolean
}

/** `latchkey update`: replaces this executable by the release at a URL or in a folder, if its signature is valid. */
export async function update(command: Command): Promise<void> {
  const { from: given, publicKey, allowDowngrade = false } = command.opts<UpdateOptions>()
  const from = given ?? requireSettings(command).settings.server.updateUrl
  if (from === undefined) return fail('set AUTH_UPDATE_URL to the URL of the releases, or give --from', EXIT.usage)
  if (!Bun.isStandaloneExecutable) return fail('only the executable can be updated; this runs from source')
  const installer = otherInstaller(process.execPath)
  if (installer !== undefined) return fail(installer, EXIT.refused)
  const outcome = await updateExecutable({
    executable: process.execPath,
    current: version,
    target,
    from,
    publicKey: publicKey ?? updatePublicKey,
    allowDowngrade,
    settings: givenSettings(command),
  })
  print(command, outcome, () =>
    outcome.previous === null
      ? `Version ${outcome.version} is installed already.`
      : `Updated from ${version} to ${outcome.version}; the old executable is ${outcome.previous}. Restart the server.`,
  )
}

export interface Update {
  executable: string
  /** Its version. */
  current: string
  target: string
  /** URL or path of the folder with the release. */
  from: string
  publicKey: string | undefined
  allowDowngrade: boolean
  /** Arguments for `latchkey check`. */
  settings: readonly string[]
}

/** @returns the version now installed, and the path of the old executable; null if nothing was to do */
export async function updateExecutable(update: Update): Promise<{ version: string; previous: string | null }> {
  const { executable, current, target, from, allowDowngrade, settings } = update
  const manifest = await signedManifest(from, update.publicKey)
  const order = Bun.semver.order(manifest.version, current)
  if (order === 0) return { version: current, previous: null }
  if (order < 0 && !allowDowngrade)
    return fail(
      `${manifest.version} is older than ${current}, which is installed; --allow-downgrade installs it anyway`,
      EXIT.refused,
    )
  const file = manifest.executables.find((each) => each.target === target)
  if (file === undefined) return fail(`release ${manifest.version} has no executable for ${target}`, EXIT.notFound)
  const content = await read(from, file.name, file.bytes)
  if (content.length !== file.bytes || sha256(content) !== file.sha256)
    return fail(`${file.name} is not what the signed manifest describes; nothing was replaced`, EXIT.refused)
  return {
    version: manifest.version,
    previous: replaceExecutable({ executable, content, version: manifest.version, settings }),
  }
}

async function signedManifest(from: string, publicKey: string | undefined): Promise<ReleaseManifest> {
  if (publicKey === undefined)
    return fail('this build has no public key of its releases; give it as --public-key', EXIT.usage)
  const key = await exitOnError(() => parsePublicKey(publicKey))
  const content = await read(from, MANIFEST_NAME, MAX_MANIFEST_BYTES)
  const signature = await read(from, `${MANIFEST_NAME}${SIGNATURE_SUFFIX}`, MAX_MANIFEST_BYTES)
  if (verifiedComment(content, signature.toString(), key) === undefined)
    return fail(
      `the signature of ${MANIFEST_NAME} is not valid for this public key; nothing was replaced`,
      EXIT.refused,
    )
  return exitOnError(() => parseManifest(content.toString()))
}

const MAX_MANIFEST_BYTES = 1_000_000

const DOWNLOAD_TIMEOUT_MS = 600_000

/** A file of the release; of a longer one, nothing beyond the limit is read. */
async function read(from: string, name: string, maxBytes: number): Promise<Buffer> {
  if (!/^https?:\/\//.test(from)) return exitOnError(() => readFileSync(join(from, name)))
  const url = `${from.replace(/\/+$/, '')}/${name}`
  const answer = await exitOnError(() => fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) }))
  if (!answer.ok) return fail(`${url} answered ${answer.status}`)
  const { bytes, isTooLarge } = await exitOnError(() => readAtMost(maxBytes, answer.body))
  return isTooLarge ? fail(`${url} is larger than ${maxBytes} bytes`, EXIT.refused) : bytes
}
