/** The software bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), from bun.lock. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Lock {
  workspaces: { '': { dependencies: Record<string, string> } }
  /** By path in node_modules: `name@version`, registry, what it needs, integrity. */
  packages: Record<string, [string, string, Needs, string]>
}

interface Needs {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalPeers?: string[]
}

interface Manifest {
  name: string
  version: string
  license: string
  packageManager: string
}

/** What is in the executable: packages that `dependencies` lead to, and Bun. @param builtAt Unix milliseconds */
export function printSbom(root: string, builtAt: number): string {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const lock = Bun.JSONC.parse(readFileSync(join(root, 'bun.lock'), 'utf8')) as Lock
  const tree = treeOf(lock)
  const [, bunVersion = ''] = manifest.packageManager.split('@')
  const bun = {
    type: 'platform',
    'bom-ref': purl('bun', bunVersion),
    name: 'bun',
    version: bunVersion,
    purl: purl('bun', bunVersion),
  }
  const own = purl(manifest.name, manifest.version)
  const paths = [...tree.keys()].filter((path) => path !== '').sort()
  const components = new Map(paths.map((path) => [refOf(lock, path), componentOf(root, lock, path)]))
  const needs = new Map<string, Set<string>>()
  for (const [path, found] of tree) {
    const ref = path === '' ? own : refOf(lock, path)
    const known = needs.get(ref) ?? new Set(path === '' ? [bun.purl] : [])
    for (const each of found) known.add(refOf(lock, each))
    needs.set(ref, known)
  }
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(builtAt).toISOString(),
      component: {
        type: 'application',
        'bom-ref': own,
        name: manifest.name,
        version: manifest.version,
        licenses: [{ expression: manifest.license }],
        purl: own,
      },
    },
    components: [bun, ...components.values()],
    dependencies: [...needs].map(([ref, found]) => ({ ref, dependsOn: [...found].sort() })),
  }
  return `${JSON.stringify(bom, null, 2)}\n`
}

/** From each path to the paths that it needs; the application itself is ''. */
function treeOf({ workspaces, packages }: Lock): Map<string, string[]> {
  const tree = new Map<string, string[]>()
  const visit = (path: string, names: string[]): void => {
    if (tree.has(path)) return
    const found = names.flatMap((name) => installedPath(packages, path, name) ?? [])
    tree.set(path, found)
    for (const each of found) visit(each, namesIn(packages[each]?.[2] ?? {}))
  }
  visit('', Object.keys(workspaces[''].dependencies))
  return tree
}

/** Optional ones are listed only where they are installed. */
const namesIn = ({ dependencies, optionalDependencies, peerDependencies, optionalPeers = [] }: Needs): string[] => [
  ...Object.keys({ ...dependencies, ...optionalDependencies }),
  ...Object.keys(peerDependencies ?? {}).filter((name) => !optionalPeers.includes(name)),
]

/** As Node finds a package: in the folder of the one that needs it, then in those above. */
function installedPath(packages: Lock['packages'], from: string, name: string): string | undefined {
  const parents = from === '' ? [] : (from.match(/(@[^/]+\/)?[^/]+/g) ?? [])
  for (let depth = parents.length; depth >= 0; depth -= 1) {
    const path = [...parents.slice(0, depth), name].join('/')
    if (packages[path] !== undefined) return path
  }
  return undefined
}

function nameAndVersion({ packages }: Lock, path: string): { name: string; version: string } {
  const [id = ''] = packages[path] ?? []
  const at = id.lastIndexOf('@')
  return { name: id.slice(0, at), version: id.slice(at + 1) }
}

function refOf(lock: Lock, path: string): string {
  const { name, version } = nameAndVersion(lock, path)
  return purl(name, version)
}

function componentOf(root: string, lock: Lock, path: string) {
  const { name, version } = nameAndVersion(lock, path)
  const integrity = lock.packages[path]?.[3] ?? ''
  const license = licenseOf(join(root, 'node_modules', path.match(/(@[^/]+\/)?[^/]+/g)?.join('/node_modules/') ?? ''))
  return {
    type: 'library',
    'bom-ref': purl(name, version),
    name,
    version,
    ...(license && { licenses: [{ expression: license }] }),
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') }],
    purl: purl(name, version),
  }
}

function licenseOf(folder: string): string | undefined {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  const { license } = JSON.parse(readFileSync(path, 'utf8'))
  return typeof license === 'string' && !license.startsWith('SEE ') ? license : undefined
}

const purl = (name: string, version: string) => `pkg:npm/${name.replace('@', '%40')}@${version}`
