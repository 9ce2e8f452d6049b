/** What may import what (CONTRIBUTING.md): the core knows no HTTP or SQL, surfaces translate, adapters implement ports. */
import { expect, test } from 'bun:test'
import { join, relative } from 'node:path'

const root = join(import.meta.dir, '../../src')

/** For each folder, the folders and packages it may import; those after `types:` only by `import type`. */
const rules: Record<string, { own: string[]; packages: string[]; why: string }> = {
  lib: {
    own: [],
    packages: ['ipaddr.js', 'fastest-levenshtein', 'node:crypto'],
    why: 'pure functions, usable anywhere',
  },
  providers: { own: ['lib'], packages: ['node:crypto'], why: 'declarations that settings, rules and adapters share' },
  hooks: { own: ['lib'], packages: ['@sinclair/typebox'], why: 'declarations that settings and rules share' },
  'sms-providers': {
    own: ['lib', 'types:core'],
    packages: [],
    why: 'declarations that settings and the composition share',
  },
  config: {
    own: ['lib', 'hooks', 'providers', 'sms-providers', 'types:core'],
    packages: ['node:url'],
    why: 'settings are read and printed, nothing is done with them',
  },
  core: {
    own: ['lib', 'hooks', 'providers', 'types:store'],
    packages: [
      '@noble/curves',
      '@noble/hashes',
      '@scure/base',
      '@oslojs/encoding',
      '@oslojs/otp',
      '@simplewebauthn/server',
      'jose',
      'node:crypto',
    ],
    why: 'rules, without HTTP, SQL, files or environment',
  },
  store: {
    own: ['lib', 'migrations'],
    packages: ['bun', 'drizzle-orm', 'bun:sqlite', 'node:crypto', 'node:fs', 'node:net', 'node:path'],
    why: 'what is true, without rules',
  },
  adapters: {
    own: ['lib', 'core', 'providers'],
    packages: [
      '@oslojs/encoding',
      'age-encryption',
      'html-to-text',
      'nodemailer',
      'oauth-1.0a',
      'oauth4webapi',
      'uqr',
      'node:crypto',
      'node:dns/promises',
      'node:fs',
      'node:path',
    ],
    why: 'implement what the core asks for',
  },
  http: { own: ['lib', 'core'], packages: ['elysia', '@sinclair/typebox'], why: 'what surfaces share' },
  surfaces: {
    own: ['lib', 'core', 'http', 'pages', 'providers'],
    packages: ['elysia', '@sinclair/typebox'],
    why: 'words for the core, never another surface',
  },
  pages: {
    own: ['lib', 'types:core', 'openapi.json', 'node_modules', 'scripts'],
    packages: ['github-slugger', 'marked', 'swagger-ui-dist'],
    why: 'pages without private doors; of scripts/ a macro, which runs while bundling',
  },
  compose: {
    own: [
      'adapters',
      'config',
      'core',
      'hooks',
      'http',
      'lib',
      'providers',
      'sms-providers',
      'store',
      'surfaces',
      'pages',
      'version',
    ],
    packages: ['elysia', 'node:os', 'node:path'],
    why: 'from settings to a running application',
  },
  cli: {
    own: [
      'compose',
      'adapters',
      'config',
      'http',
      'lib',
      'migrations',
      'pages',
      'store',
      'surfaces',
      'version',
      'core',
      'hooks',
    ],
    packages: [
      'commander',
      'smol-toml',
      '@clack/prompts',
      '@sinclair/typebox',
      'node:stream/consumers',
      'node:crypto',
      'node:fs',
      'node:os',
      'node:path',
      'node:util',
    ],
    why: 'the command line',
  },
}

/** Imports in the source text; the bundler's scanner would omit those of types. */
function imports(text: string): { isType: boolean; from: string }[] {
  const found = text.matchAll(/^(?:import|export) (type )?(?:[\w*{},\s]+? from )?'([^']+)'/gm)
  return [...found].map(([, type, from]) => ({ isType: type !== undefined, from: from as string }))
}

const files = [...new Bun.Glob('**/*.ts').scanSync(root)].filter((file) => file.includes('/'))

test.each(files)('%s imports only what its folder may', async (file) => {
  const folder = file.split('/')[0] as string
  const rule = rules[folder]
  if (!rule) throw new Error(`no rule for ${folder}/`)
  for (const { isType, from } of imports(await Bun.file(join(root, file)).text())) {
    if (!from.startsWith('.')) {
      expect([file, from, rule.packages.some((name) => from === name || from.startsWith(`${name}/`))]).toEqual([
        file,
        from,
        true,
      ])
      continue
    }
    const target = relative(root, join(root, file, '..', from))
    const [part = ''] = target.replace(/^(\.\.\/)+/, '').split('/')
    if (part === folder) {
      if (folder === 'surfaces')
        expect([file, from, target.split('/')[1] === file.split('/')[1]]).toEqual([file, from, true])
      continue
    }
    expect([file, from, rule.own.includes(part) || (isType && rule.own.includes(`types:${part}`))]).toEqual([
      file,
      from,
      true,
    ])
  }
})

test.each([
  { name: 'sqlite', driver: /^bun:sqlite$|^drizzle-orm\/bun-sqlite/ },
  { name: 'postgres', driver: /^bun$/ },
])(
  "only the store's folder $name knows its driver, and only the opening of the store knows that folder",
  async ({ name, driver }) => {
    const mayOpen = ['store/index.ts', 'store/database.ts', 'store/move/index.ts']
    for (const file of [...files, 'version.ts', 'main.ts']) {
      if (file.startsWith(`store/${name}/`)) continue
      const text = await Bun.file(join(root, file)).text()
      const drivers = imports(text).filter(({ from }) => driver.test(from))
      const folder = imports(text).filter(
        ({ from }) => new RegExp(`^\\.{1,2}/(.*/)?${name}/`).test(from) && !from.includes('migrations'),
      )
      expect([file, drivers, mayOpen.includes(file) ? [] : folder]).toEqual([file, [], []])
    }
  },
)

test('the core reads no clock, environment or file of its own', async () => {
  for (const file of files.filter((each) => each.startsWith('core/'))) {
    const text = await Bun.file(join(root, file)).text()
    expect([file, text.match(/Date\.now|performance\.now|Math\.random|randomUUID|process\.|Bun\.|\bfetch\(/g)]).toEqual(
      [file, null],
    )
  }
})

test('nothing but the command line and the boot module reads the environment', async () => {
  for (const file of [...files, 'version.ts']) {
    const text = await Bun.file(join(root, file)).text()
    if (!file.startsWith('cli/')) expect([file, text.match(/process\.env|Bun\.env/g)]).toEqual([file, null])
  }
})

/** For each folder of the core, the folders that it imports from, types included. */
async function coreFolders(): Promise<Map<string, Set<string>>> {
  const folderOf = (path: string) => (path.split('/').at(1) ?? 'index').replace(/\.ts$/, '')
  const found = new Map<string, Set<string>>()
  for (const file of files.filter((each) => each.startsWith('core/'))) {
    const folder = folderOf(file)
    const targets = found.get(folder) ?? new Set<string>()
    found.set(folder, targets)
    for (const { from } of imports(await Bun.file(join(root, file)).text())) {
      const target = relative(root, join(root, file, '..', from))
      if (from.startsWith('.') && /^core(\/|$)/.test(target) && folderOf(target) !== folder)
        targets.add(folderOf(target))
    }
  }
  return found
}

/** The first circle of a graph, such as `a → b → a`; undefined if there is none. */
function circleIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const finished = new Set<string>()
  const visit = (node: string, path: readonly string[]): string | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(' → ')
    if (finished.has(node)) return undefined
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...path, node])
      if (circle !== undefined) return circle
    }
    finished.add(node)
    return undefined
  }
  for (const node of graph.keys()) {
    const circle = visit(node, [])
    if (circle !== undefined) return circle
  }
  return undefined
}

test('the folders of the core import each other in no circle, not even for types', async () => {
  expect(circleIn(await coreFolders())).toBeUndefined()
})

test('a circle of folders is found', () => {
  const graphOf = (edges: Record<string, string[]>) =>
    new Map(Object.entries(edges).map(([node, targets]) => [node, new Set(targets)]))
  expect(circleIn(graphOf({ a: ['b', 'c'], b: ['c'], c: [] }))).toBeUndefined()
  expect(circleIn(graphOf({ a: ['b'], b: ['a'] }))).toBe('a → b → a')
  expect(circleIn(graphOf({ start: ['a'], a: ['b'], b: ['c'], c: ['a'] }))).toBe('a → b → c → a')
})

/** For each file, the files that it imports, types included. */
async function fileGraph(): Promise<Map<string, Set<string>>> {
  const known = new Set(files)
  const found = new Map<string, Set<string>>()
  for (const file of files) {
    const text = await Bun.file(join(root, file)).text()
    const relatives = imports(text).filter(({ from }) => from.startsWith('.'))
    const targets = relatives.map(({ from }) => join(file, '..', from))
    const resolved = targets.flatMap((target) => [`${target}.ts`, join(target, 'index.ts')])
    found.set(file, new Set(resolved.filter((each) => known.has(each))))
  }
  return found
}

test('files import each other in no circle, not even for types', async () => {
  const graph = await fileGraph()
  expect(graph.get('config/cross-checks.ts')).toContain('config/index.ts')
  expect(circleIn(graph)).toBeUndefined()
})

test('what all folders of the core use is in core/kernel, which uses none of them', async () => {
  expect(files.filter((file) => /^core\/[^/]+$/.test(file))).toEqual(['core/index.ts'])
  expect([...((await coreFolders()).get('kernel') ?? [])]).toEqual([])
})
