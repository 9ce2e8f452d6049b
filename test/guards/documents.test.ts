/** Every code block of the documents is executed, validated, or marked with the reason why not. */
import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { type Block, blocksIn, documentBlocks, placeOf, type Treatment, treatmentOf } from '../support/documents'
import { removeFolder } from '../support/remove-folder'

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

/** One value, or one a line. */
function parseJson(text: string): void {
  for (const line of /^[{[].*[}\]]\n[{[]/.test(text) ? text.trim().split('\n') : [text]) JSON.parse(line)
}

test.each(those('data').map((block) => [placeOf(block), block] as const))(
  '%s can be parsed',
  (_, { language, text }) => {
    if (language === 'json') parseJson(text)
    else if (language === 'toml') parseToml(text)
    else if (language === 'yaml') Bun.YAML.parse(text)
    else {
      const [head = '', body = ''] = text.split('\n\n')
      expect(head).toMatch(/^(?:[A-Z]+ \/\S* HTTP\/1\.1|HTTP\/1\.1 \d{3} .+)(?:\n[\w-]+: .+)*\s*$/)
      if (body !== '') JSON.parse(text.slice(head.length))
    }
  },
)

/** What blocks take for granted: names that the text around them explains. */
const SURROUNDINGS = `
declare const supabase: import('@supabase/supabase-js').SupabaseClient
declare const email: string
declare const password: string
declare const captchaToken: string
declare const idToken: string
declare const nonce: string
declare const code: string
declare const token: string
declare const factorId: string
declare const latchkey: { solveCaptcha(action: string): Promise<string> }
declare function showQrCode(svg: string, ...more: string[]): void
declare function showOnce(codes: string[]): void
declare function askForCode(): string
`

/** @returns what the compiler complains about */
function compile(language: 'js' | 'ts'): { count: number; output: string } {
  mkdirSync(join(root, 'dist'), { recursive: true })
  const folder = mkdtempSync(join(root, 'dist/documents-'))
  const blocks = those('code').filter((block) => block.language === language)
  writeFileSync(join(folder, 'surroundings.d.ts'), SURROUNDINGS)
  for (const block of blocks)
    writeFileSync(join(folder, `${block.file.replaceAll('/', '_')}_${block.line}.ts`), `${block.text}\nexport {}\n`)
  // JavaScript may leave out what to do with an error.
  const options = { strict: language === 'ts', noEmit: true, skipLibCheck: true, types: ['bun-types'] }
  const modules = { module: 'esnext', moduleResolution: 'bundler', target: 'esnext', lib: ['esnext', 'dom'] }
  const config = { compilerOptions: { ...options, ...modules }, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { stdout } = Bun.spawnSync([join(root, 'node_modules/.bin/tsc'), '-p', folder], { cwd: folder })
  removeFolder(folder)
  return { count: blocks.length, output: stdout.toString() }
}

test.each(['js', 'ts'] as const)(
  'blocks of %s compile against the published packages',
  (language) => {
    expect(compile(language)).toEqual({ count: expect.any(Number), output: '' })
  },
  120_000,
)

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
