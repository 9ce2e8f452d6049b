/** Every code block of the documents is executed, validated, or marked with the reason why not. */
import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { type Block, blocksIn, documentBlocks, placeOf, type Treatment, treatmentOf } from '../support/documents'

const root = join(import.meta.dir, '../..')
const all = documentBlocks()
const treated = Map.groupBy(all, treatmentOf)
const those = (treatment: Treatment): Block[] => treated.get(treatment) ?? []

test('every block is executed, validated or marked', () => {
  const unknown = those('unknown').map(
    (block) => `${placeOf(block)} (${block.language}): mark it <!-- not run: why -->`,
  )
  expect(unknown).toEqual([])
  expect(all.length).toBeGreaterThan(100)
})

afterAll(() => {
  const count = (...treatments: Treatment[]) => treatments.reduce((sum, each) => sum + those(each).length, 0)
  const executed = count('commands', 'queries', 'programs', 'example')
  const validated = count('settings', 'code', 'data')
  console.log(
    `documents: ${executed} blocks executed, ${validated} validated, ${count('other')} without anything to check, ${count('marked')} marked as not run`,
  )
  for (const block of those('marked')) console.log(`  not run: ${placeOf(block)}: ${block.notRun}`)
})

test('blocks are found with their marks, their language and their line', () => {
  const text = '# T\n\n<!-- not run: it would end -->\n\n```sh\nlatchkey\n```\n\n- a\n  ```js\n  let a\n  ```\n'
  expect(blocksIn('x', text)).toEqual([
    { file: 'x', line: 5, language: 'sh', text: 'latchkey\n', notRun: 'it would end' },
    { file: 'x', line: 10, language: 'js', text: 'let a\n', notRun: undefined },
  ])
})

test.each([
  ['sh', 'latchkey keys\n', 'commands'],
  ['sh', 'cd x && latchkey keys\n', 'commands'],
  ['sh', 'eval "$(latchkey status -o env)"\n', 'commands'],
  ['sh', 'npx latchkey serve\n', 'commands'],
  ['sh', 'docker build -t latchkey .\n', 'other'],
  ['sh', 'AUTH_A=1\nAUTH_B="$(openssl rand)"   # why\n\n', 'settings'],
  ['sh', 'AUTH_A=\'{\n  "a": 1\n}\'\n', 'settings'],
  ['sh', 'AUTH_A=1 latchkey serve\n', 'commands'],
  ['ini', '[Service]\nA=1\n', 'unknown'],
  ['tsx', 'let a\n', 'unknown'],
  ['text', 'let a\n', 'other'],
] as const)('a block of %s: %j', (language, text, expected) => {
  expect(treatmentOf({ file: 'x', line: 1, language, text, notRun: undefined })).toBe(expected)
})

test.each(those('data').map((block) => [placeOf(block), block] as const))(
  '%s can be parsed',
  (_, { language, text }) => {
    if (language === 'json') JSON.parse(text)
    else if (language === 'toml') parseToml(text)
    else if (language === 'yaml') Bun.YAML.parse(text)
    else {
      const [head = '', body = ''] = text.split('\n\n')
      expect(head).toMatch(/^(?:[A-Z]+ \/\S* HTTP\/1\.1|HTTP\/1\.1 \d{3} .+)(?:\n[\w-]+: .+)*\s*$/)
      if (body !== '') JSON.parse(text.slice(head.length))
    }
  },
)

/** What blocks without an import of their own take for granted. */
const SURROUNDINGS = `
declare const supabase: import('@supabase/supabase-js').SupabaseClient
declare const email: string
declare const password: string
declare const captchaToken: string
declare const latchkey: { solveCaptcha(action: string): Promise<string> }
`

test('JavaScript and TypeScript compile against the published packages', () => {
  mkdirSync(join(root, 'dist'), { recursive: true })
  const folder = mkdtempSync(join(root, 'dist/documents-'))
  try {
    const blocks = those('code').filter(({ language }) => /^[jt]s$/.test(language))
    writeFileSync(join(folder, 'surroundings.d.ts'), SURROUNDINGS)
    for (const block of blocks)
      writeFileSync(join(folder, `${block.file.replaceAll('/', '_')}_${block.line}.ts`), `${block.text}\nexport {}\n`)
    const options = { strict: true, noImplicitAny: false, noEmit: true, skipLibCheck: true, types: ['bun-types'] }
    const modules = { module: 'esnext', moduleResolution: 'bundler', target: 'esnext', lib: ['esnext', 'dom'] }
    const config = { compilerOptions: { ...options, ...modules }, include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = Bun.spawnSync([join(root, 'node_modules/.bin/tsc'), '-p', folder], { cwd: folder })
    expect(blocks.length).toBeGreaterThan(0)
    expect(stdout.toString()).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 120_000)

const python = Bun.which('python3')
const scripts = those('code').filter(({ language }) => language.startsWith('py'))

test.skipIf(python === null || scripts.length === 0)('Python compiles', () => {
  for (const block of scripts) {
    const { exitCode, stderr } = Bun.spawnSync(
      [python as string, '-c', 'import ast, sys; ast.parse(sys.stdin.read())'],
      {
        stdin: Buffer.from(block.text),
      },
    )
    expect([placeOf(block), stderr.toString(), exitCode]).toEqual([placeOf(block), '', 0])
  }
})
