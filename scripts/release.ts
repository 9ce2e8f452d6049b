/**
 * Builds the downloads into `dist/release`, and packages for npm into `dist/npm`.
 *
 *   npm run release                       all platforms
 *   npm run release -- linux-arm64        only the named ones
 *   npm run release -- --twice linux-x64  builds each executable again, and fails unless both are the same
 *
 * LATCHKEY_SIGNING_KEY is the path of minisign's secret key, made by `minisign -G -W`; without one, nothing is signed. Its
 * public key is built into the executables, for `latchkey update`; LATCHKEY_UPDATE_PUBLIC_KEY names another one.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../package.json' with { type: 'json' }
import { MANIFEST_NAME, type ReleaseFile, SIGNATURE_SUFFIX } from '../src/lib/release-manifest'
import { build, commitAndTime } from './build'
import { buildDeb, DEB_ARCHITECTURES, debianVersion, hasDpkgDeb } from './release/deb'
import { writeNpmPackages } from './release/npm'
import { printSbom } from './release/sbom'
import { parseSecretKey, publicKeyOf, signatureOf } from './release/sign'
import { releaseFile, sumsOf } from './release/sums'

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
const folder = join(root, 'dist/release')
const given = process.argv.slice(2)
const isTwice = given.includes('--twice')
const wanted = given.filter((each) => each !== '--twice')
const unknown = wanted.filter((target) => !TARGETS.includes(target))
if (unknown.length > 0) throw new Error(`unknown target ${unknown.join(', ')}; there are ${TARGETS.join(', ')}`)

const { version, license } = manifest
const { commit, seconds } = commitAndTime()
const keyFile = process.env.LATCHKEY_SIGNING_KEY
const key = keyFile ? parseSecretKey(readFileSync(keyFile, 'utf8')) : undefined
const publicKey = process.env.LATCHKEY_UPDATE_PUBLIC_KEY ?? (key && publicKeyOf(key))

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const executables: ReleaseFile[] = []
const files: string[] = []
for (const target of wanted.length > 0 ? wanted : TARGETS) {
  const name = `latchkey-${version}-${target}${target.startsWith('windows') ? '.exe' : ''}`
  const file = buildOnce(target, name)
  if (isTwice && buildOnce(target, name).sha256 !== file.sha256) throw new Error(`two builds of ${name} differ`)
  executables.push(file)
  files.push(name)
  const architecture = DEB_ARCHITECTURES[target]
  if (architecture === undefined) continue
  if (!hasDpkgDeb()) {
    console.log('dpkg-deb is not installed: no .deb is made')
    continue
  }
  const deb = `latchkey_${debianVersion(version)}_${architecture}.deb`
  buildDeb({ executable: join(folder, name), version, architecture, seconds, outfile: join(folder, deb) })
  files.push(deb)
}
put(`latchkey-${version}.cdx.json`, printSbom(root, seconds * 1000))
put(MANIFEST_NAME, `${JSON.stringify({ version, commit, executables }, null, 2)}\n`)
const sums = sumsOf(folder, files)
writeFileSync(join(folder, 'SHA256SUMS'), sums)
if (key) for (const name of ['SHA256SUMS', MANIFEST_NAME]) signFile(name)
writeNpmPackages({
  folder: join(root, 'dist/npm'),
  version,
  license,
  executables: Object.fromEntries(executables.map(({ target, name }) => [target, join(folder, name)])),
})

process.stdout.write(sums)
for (const name of files) console.log(`${(statSync(join(folder, name)).size / 2 ** 20).toFixed(1)} MiB  ${name}`)
if (isTwice) console.log('Two builds of each executable were the same.')
console.log(
  key
    ? `Signed. Public key: ${publicKeyOf(key)}`
    : 'Unsigned: set LATCHKEY_SIGNING_KEY to the path of a secret key of minisign. `latchkey update` does not install this release.',
)

function buildOnce(target: string, name: string): ReleaseFile {
  const path = join(folder, name)
  build(path, `bun-${target}`, publicKey)
  rmSync(`${path}.map`, { force: true })
  return releaseFile(target, path)
}

function put(name: string, text: string): void {
  writeFileSync(join(folder, name), text)
  files.push(name)
}

function signFile(name: string): void {
  if (!key) return
  const comment = `latchkey ${version} ${name}`
  writeFileSync(join(folder, `${name}${SIGNATURE_SUFFIX}`), signatureOf(readFileSync(join(folder, name)), key, comment))
}
