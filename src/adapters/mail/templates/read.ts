/** Reads the operator's templates when they have changed, and keeps the last good version of each. */
import { readFile, stat } from 'node:fs/promises'
import { type Checked, checkTemplate } from './check'
import type { Override, Problem } from './overrides'

/** What the web gives is read again after this long. */
const WEB_AGE_MS = 600_000

export interface Version {
  override: Override
  /** What the text that was read last is recognised by. */
  stamp?: string
  /** Of the web: Unix milliseconds of the last answer. */
  answeredAt?: number
  good?: Checked
  /** What is wrong with it at present. */
  problem?: Problem
}

export interface Reader {
  fetchText(url: string): Promise<string>
  /** Unix milliseconds. */
  now(): number
}

/** Brings a version up to date. */
export async function update(version: Version, reader: Reader): Promise<void> {
  const { override } = version
  try {
    const read = await readNew(version, reader)
    if (read === undefined) return
    version.stamp = read.stamp
    version.problem = undefined
    version.good = checkTemplate(override.template, override.part, read.text)
  } catch (error) {
    version.problem = { severity: 'error', message: `${override.name}: ${(error as Error).message}` }
  }
}

/** @returns undefined where nothing is new */
async function readNew(version: Version, reader: Reader): Promise<{ text: string; stamp: string } | undefined> {
  const { kept } = version.override
  if (kept.in === 'web') return readWeb(version, kept.url, reader)
  if (kept.in === 'setting') return version.stamp === undefined ? { text: kept.text, stamp: 'set' } : undefined
  return readChanged(version, kept.path)
}

async function readChanged(version: Version, path: string) {
  const last = version.stamp
  version.stamp = undefined // so that a file which cannot be read is read again even if it then has not changed
  const { mtimeMs, size } = await stat(path)
  const stamp = `${mtimeMs} ${size}`
  if (stamp !== last) return { text: await readFile(path, 'utf8'), stamp }
  version.stamp = last
  return undefined
}

/** An answer that failed is asked for again each time. */
async function readWeb(version: Version, url: string, { fetchText, now }: Reader) {
  if (version.answeredAt !== undefined && now() - version.answeredAt < WEB_AGE_MS) return undefined
  try {
    const text = await fetchText(url)
    version.answeredAt = now()
    return { text, stamp: 'answered' }
  } catch (error) {
    const instead = version.good ? 'its last version' : 'the built-in mail'
    const message = `${version.override.name} cannot be read: ${(error as Error).message}; ${instead} is used until it can`
    version.problem = { severity: 'warning', message }
    return undefined
  }
}
