/** The code blocks of the documents, and how the tests treat each: executed, validated, or marked as not run. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dir, '../..')

export interface Block {
  /** Path in the repository. */
  file: string
  /** Line of the fence. */
  line: number
  language: string
  text: string
  /** The reason in a comment before it: `<!-- not run: needs a systemd host -->`. */
  notRun: string | undefined
}

/** README.md, SECURITY.md and all pages of docs/. */
export function documentBlocks(): Block[] {
  const pages = readdirSync(join(root, 'docs'), { recursive: true }).map((path) => `docs/${path}`)
  const files = ['README.md', 'SECURITY.md', ...pages.filter((path) => path.endsWith('.md')).sort()]
  return files.flatMap((file) => blocksIn(file, readFileSync(join(root, file), 'utf8')))
}

/** The JSON shown right after a block, which is the answer to it: at most a line of text is between. */
export function answerTo({ file, line, text }: Block, blocks: readonly Block[]): Block | undefined {
  const end = line + text.split('\n').length
  return blocks.find(
    (each) => each.file === file && each.line > end && each.line <= end + 4 && each.language === 'json',
  )
}

const BLOCK = /(?:<!-- not run: ([^\n]+?) -->\n+)?^( *)```([\w+-]*)[^\n]*\n(.*?)^ *```$/gms

export function blocksIn(file: string, text: string): Block[] {
  return [...text.matchAll(BLOCK)].map(
    ({ 0: all, 1: notRun, 2: indent = '', 3: language = '', 4: inside = '', index }) => {
      const fence = index + all.indexOf('```')
      return {
        file,
        line: text.slice(0, fence).split('\n').length,
        language,
        text: inside.replace(new RegExp(`^${indent}`, 'gm'), ''),
        notRun,
      }
    },
  )
}

export const placeOf = ({ file, line }: Block) => `${file}:${line}`

/**
 * - `commands` are executed in a shell, `queries` by Postgres, `programs` by Node
 * - `example`: the block is part of a project in examples/, or of a file in packaging/, that has a test of its own; or,
 *   in a quick start, the test of an example has the same commands
 * - `settings` are validated by `latchkey check`, `code` by the compiler, `data` by a parser
 * - `other` has nothing that a program could check, or calls only programs that are not ours
 * - `unknown` has to be marked
 */
export type Treatment =
  | 'marked'
  | 'commands'
  | 'queries'
  | 'programs'
  | 'example'
  | 'settings'
  | 'code'
  | 'data'
  | 'other'
  | 'unknown'

const SHELLS = ['sh', 'bash', 'console', 'shell']
const DATA = ['json', 'yaml', 'toml', 'http']
const CODE = ['js', 'ts', 'python', 'py']
const PROSE = ['', 'text', 'html', 'diff']

/** A command of this project, or a request: at the beginning of a line, or after an operator of the shell. */
const OWN_COMMAND = /(?:^|[;&|(] *|\bnpx +)(?:[A-Z_]+=\S+ +)*(?:latchkey|curl)\b/m

export function treatmentOf(block: Block): Treatment {
  const { language, text, notRun } = block
  if (notRun !== undefined) return 'marked'
  if (isPartOfExample(block)) return 'example'
  if ([...SHELLS, '', 'ini', 'dotenv', 'env'].includes(language) && isSettings(text)) return 'settings'
  if (SHELLS.includes(language)) return shellTreatment(block)
  if (language === 'sql') return 'queries'
  if (DATA.includes(language)) return 'data'
  if (language === 'js' && isProgram(text)) return 'programs'
  if (CODE.includes(language)) return 'code'
  return PROSE.includes(language) ? 'other' : 'unknown'
}

/** In a quick start, what needs its project is run by the test of the example, with the same words. */
function shellTreatment({ file, text }: Block): Treatment {
  if (!OWN_COMMAND.test(text)) return 'other'
  if (!file.startsWith('docs/quickstarts/') || !/\b(?:curl|npx|npm|cd)\b/.test(text)) return 'commands'
  exampleTests ??= filesBelow('test/examples').map((path) => readFileSync(join(root, path), 'utf8'))
  const lines = text.split('\n').filter((line) => OWN_COMMAND.test(line))
  return exampleTests.some((test) => lines.every((line) => test.includes(line.trim()))) ? 'example' : 'unknown'
}

let exampleTests: string[] | undefined

/** Whether there is nothing but settings of this server and comments. A value in quotes may have several lines. */
function isSettings(text: string): boolean {
  return /^(?:(?:(?:AUTH|GOTRUE)_\w+=(?:'[^']*'|"[^"]*"|[^\s'"]*) *(?:#.*)?|#.*|)\n)+$/.test(text) && /^\w/m.test(text)
}

/** Whether it has all that it needs, with the URL of the server. */
const isProgram = (text: string) =>
  text.includes("from '@supabase/supabase-js'") && text.includes('http://localhost:7020')

let examples: string[] | undefined

/**
 * Whether all lines are lines of one file, in their order and without others between them. Files of examples are run
 * by `test/examples`, those of packaging by `test/scripts/packaging.test.ts`.
 */
function isPartOfExample({ text }: Block): boolean {
  examples ??= ['examples', 'packaging'].flatMap((folder) =>
    existsSync(join(root, folder))
      ? filesBelow(folder).map((path) => normalized(readFileSync(join(root, path), 'utf8')))
      : [],
  )
  const wanted = normalized(text)
  return wanted.split('\n').length > 4 && examples.some((content) => content.includes(wanted))
}

const filesBelow = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/node_modules|\/dist\b|\/\./.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))

/** Without indentation of the whole and spaces at line ends. */
const normalized = (text: string) => `\n${text.replace(/[ \t]+$/gm, '').replace(/^\n+|\n+$/g, '')}\n`
