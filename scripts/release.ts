/** Cross-compiles the downloads, and writes their SHA-256 sums. `npm run release -- linux-arm64` makes only the named ones. */
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../src/version'
import { build } from './build'

const TARGETS = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-arm64',
  'darwin-x64',
  'windows-x64',
]

const root = join(import.meta.dir, '..')
const wanted = process.argv.slice(2)
const unknown = wanted.filter((target) => !TARGETS.includes(target))
if (unknown.length > 0) throw new Error(`unknown target ${unknown.join(', ')}; there are ${TARGETS.join(', ')}`)

const sums: string[] = []
for (const target of wanted.length > 0 ? wanted : TARGETS) {
  const name = `latchkey-${version}-${target}${target.startsWith('windows') ? '.exe' : ''}`
  const path = join(root, 'dist/release', name)
  build(path, `bun-${target}`)
  rmSync(`${path}.map`, { force: true })
  const sum = createHash('sha256').update(readFileSync(path)).digest('hex')
  sums.push(`${sum}  ${name}`)
  console.log(`${sum}  ${name}`)
}
writeFileSync(join(root, 'dist/release/SHA256SUMS'), `${sums.join('\n')}\n`)
