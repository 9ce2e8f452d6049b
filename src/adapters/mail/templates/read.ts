/** Rereads the operator's templates when they have changed, and keeps the last good version of each. */
import { readFile, stat } from 'node:fs/promises'
import { type CheckedTemplate, checkTemplate } from './check'
import type { Override, TemplateProblem } from './overrides'

/** How long a template read over HTTP is used before it is fetched again. */
const WEB_AGE_MS = 600_000

export interface TemplateState {
  override: Override
  /** Identifies the text that was read last. */
  stamp?: string
  /** For HTTP: Unix milliseconds of the last response. */
  answeredAt?: number
  lastGood?: CheckedTemplate
  /** The current problem of the template. */
  problem?: TemplateProblem
}

export interface TemplateReader {
  fetchText(url: string): Promise<string>
  /** Unix milliseconds. */
  now(): number
}

/** Updates one template. */
export async function update(version: TemplateState, reader: TemplateReader): Promise<void> {
  const { override } = version
  try {
    const read = await readNew(version, reader)
    if (read === undefined) return
    version.stamp = read.stamp
    version.problem = undefined
    version.lastGood = checkTemplate(override.template, override.part, read.text)
  } catch (error) {
    version.problem = { severity: 'error', message: `${override.name}: ${(error as Error).message}` }
  }
}

/** @returns undefined if nothing changed */
async function readNew(
  version: TemplateState,
  reader: TemplateReader,
): Promise<{ text: string; stamp: string } | undefined> {
  const { kept } = version.override
  if (kept.in === 'web') return readWeb(version, kept.url, reader)
  if (kept.in === 'setting') return version.stamp === undefined ? { text: kept.text, stamp: 'set' } : undefined
  return readChanged(version, kept.path)
}

async function readChanged(version: TemplateState, path: string) {
  const last = version.stamp
  version.stamp = undefined // so that an unreadable file is read again even if it has not changed
  const { mtimeMs, size } = await stat(path)
  const stamp = `${mtimeMs} ${size}`
  if (stamp !== last) return { text: await readFile(path, 'utf8'), stamp }
  version.stamp = last
  return undefined
}

/** A failed request is repeated every time. */
async function readWeb(version: TemplateState, url: string, { fetchText, now }: TemplateReader) {
  if (version.answeredAt !== undefined && now() - version.answeredAt < WEB_AGE_MS) return undefined
  try {
    const text = await fetchText(url)
    version.answeredAt = now()
    return { text, stamp: 'answered' }
  } catch (error) {
    const instead = version.lastGood ? 'its last version' : 'the built-in mail'
    const message = `${version.override.name} cannot be read: ${(error as Error).message}; ${instead} is used until it can`
    version.problem = { severity: 'warning', message }
    return undefined
  }
}
