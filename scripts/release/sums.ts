/** SHA-256 sums of the files of a release. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ReleaseFile } from '../../src/lib/release-manifest'

export function releaseFile(target: string, path: string): ReleaseFile {
  const content = readFileSync(path)
  return { target, name: basename(path), sha256: sha256(content), bytes: content.length }
}

/** As `sha256sum -c` reads them. */
export const sumsOf = (folder: string, names: readonly string[]): string =>
  names.map((name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`).join('')

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
