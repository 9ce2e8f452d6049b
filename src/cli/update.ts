import { existsSync, readFileSync } from 'node:fs'
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
  const content = await find(from, file.name, file.bytes)
  if (content === undefined) return fail(`${from} has no ${file.name}, which its manifest names`, EXIT.notFound)
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
  const content = await find(from, MANIFEST_NAME, MAX_MANIFEST_BYTES)
  if (content === undefined) return fail(`there is no release in ${from}: it has no ${MANIFEST_NAME}`, EXIT.notFound)
  const signature = await find(from, SIGNATURE_NAME, MAX_MANIFEST_BYTES)
  if (signature === undefined)
    return fail(`${from} has no ${SIGNATURE_NAME}, so it is not signed; nothing was replaced`, EXIT.refused)
  if (verifiedComment(content, signature.toString(), key) === undefined)
    return fail(
      `the signature of ${MANIFEST_NAME} is not valid for this public key; nothing was replaced`,
      EXIT.refused,
    )
  return exitOnError(() => parseManifest(content.toString()))
}

const MAX_MANIFEST_BYTES = 1_000_000

const DOWNLOAD_TIMEOUT_MS = 600_000

const SIGNATURE_NAME = `${MANIFEST_NAME}${SIGNATURE_SUFFIX}`

/** A file of the release, undefined if there is none; of a longer one, nothing beyond the limit is read. */
async function find(from: string, name: string, maxBytes: number): Promise<Buffer | undefined> {
  if (!/^https?:\/\//.test(from)) {
    const path = join(from, name)
    return existsSync(path) ? exitOnError(() => readFileSync(path)) : undefined
  }
  const url = `${from.replace(/\/+$/, '')}/${name}`
  const answer = await exitOnError(() => fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) }))
  if (answer.status === 404) return undefined
  if (!answer.ok) return fail(`${url} answered ${answer.status}`)
  const { bytes, isTooLarge } = await exitOnError(() => readAtMost(maxBytes, answer.body))
  return isTooLarge ? fail(`${url} is larger than ${maxBytes} bytes`, EXIT.refused) : bytes
}
