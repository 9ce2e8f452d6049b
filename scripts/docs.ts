/**
 * The documents that are generated: openapi.json, the settings and providers in docs/, .env.example, the command line,
 * the settings without effect in docs/moving-from-supabase.md, the operations in docs/http-api.md, the limits in
 * docs/limits.md, the answers in docs/errors, and the files of examples in docs/quickstarts.
 *
 *   bun scripts/docs.ts          regenerates all of them
 *   bun scripts/docs.ts check    fails if one of them is out of date; `openapi.ts check` does openapi.json
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import '../src/cli'
import { printReference } from '../src/cli/reference'

import { type Standing, UNSUPPORTED } from '../src/config/unsupported-names'
import { PROVIDER_NAMES } from '../src/providers'
import { errorPageProblems, printErrorPages } from './docs/error-pages'
import { printOperations } from './docs/http-api'
import { printLimits } from './docs/limits'
import { between } from './docs/marks'
import { printEnvExample, printSettings } from './docs/settings'
import { generate } from './openapi/document'

const root = join(import.meta.dir, '..')
const SETTINGS = ['<!-- settings: printed by `npm run docs` -->', '<!-- end of settings -->'] as const
const SETTINGS_PAGE = 'docs/settings.md'
const PROVIDERS_PAGE = 'docs/providers.md'
const SUPABASE = 'docs/moving-from-supabase.md'
const DIFFERS = ['<!-- differs: printed by `npm run docs` -->', '<!-- end of differs -->'] as const
const NOT_HERE = ['<!-- not here: printed by `npm run docs` -->', '<!-- end of not here -->'] as const
const QUICKSTARTS = 'docs/quickstarts'
const HTTP_API = 'docs/http-api.md'
const OPERATIONS = ['<!-- operations: printed by `npm run docs` -->', '<!-- end of operations -->'] as const
const LIMITS_PAGE = 'docs/limits.md'
const LIMITS = ['<!-- limits: printed by `npm run docs` -->', '<!-- end of limits -->'] as const
const PROVIDERS = ['<!-- providers: printed by `npm run docs` -->', '<!-- end of providers -->'] as const

/**
 * The files with generated text, with the content they should have.
 * @param openapi openapi.json
 */
function printed(openapi: string): Record<string, string> {
  return {
    [SETTINGS_PAGE]: between(readFileSync(join(root, SETTINGS_PAGE), 'utf8'), SETTINGS, printSettings()),
    [PROVIDERS_PAGE]: between(readFileSync(join(root, PROVIDERS_PAGE), 'utf8'), PROVIDERS, printProviders()),
    '.env.example': printEnvExample(),
    'docs/command-line.md': printReference(),
    [SUPABASE]: between(
      between(readFileSync(join(root, SUPABASE), 'utf8'), NOT_HERE, printUnsupported('not_here')),
      DIFFERS,
      printUnsupported('differs'),
    ),
    [LIMITS_PAGE]: between(readFileSync(join(root, LIMITS_PAGE), 'utf8'), LIMITS, printLimits()),
    [HTTP_API]: between(readFileSync(join(root, HTTP_API), 'utf8'), OPERATIONS, printOperations(openapi)),
    ...printErrorPages(root),
    ...Object.fromEntries(quickstarts().map((page) => [page, withFiles(readFileSync(join(root, page), 'utf8'))])),
  }
}

const quickstarts = () =>
  existsSync(join(root, QUICKSTARTS))
    ? readdirSync(join(root, QUICKSTARTS)).map((name) => `${QUICKSTARTS}/${name}`)
    : []

/** Fills in the files that a page names: `<!-- file examples/expo/App.tsx -->`, up to `<!-- end of file -->`. */
function withFiles(page: string): string {
  return page.replace(/<!-- file (\S+) -->\n[\s\S]*?<!-- end of file -->/g, (_, path: string) => {
    const language = extname(path).slice(1)
    const text = readFileSync(join(root, path), 'utf8')
    return `<!-- file ${path} -->\n\n\`\`\`${language}\n${text}\`\`\`\n\n<!-- end of file -->`
  })
}

const printProviders = () =>
  `The ${PROVIDER_NAMES.length} providers, as \`signInWithOAuth\` names them: ${PROVIDER_NAMES.map((name) => `\`${name}\``).join(', ')}.`

/** A row for each reason. */
function printUnsupported(standing: Standing): string {
  const rows = UNSUPPORTED.filter((group) => group.standing === standing).map(({ reason, names, keys }) => {
    const settings = [
      ...keys.map((key) => `auth.${key}${key.endsWith('.') ? '…' : ''}`),
      ...names.map((name) => `GOTRUE_${name}${name.endsWith('_') ? '…' : ''}`),
    ]
    return `| ${settings.map((each) => `\`${each}\``).join(', ')} | ${reason} |`
  })
  return ['| setting | here |', '| --- | --- |', ...rows].join('\n')
}

if (process.argv[2] === 'check') {
  for (const [name, content] of Object.entries(printed(readFileSync(join(root, 'openapi.json'), 'utf8')))) {
    if (readFileSync(join(root, name), 'utf8') === content) continue
    console.error(`${name} is not what the sources generate; run \`npm run docs\``)
    process.exitCode = 1
  }
  for (const problem of errorPageProblems(root)) {
    console.error(problem)
    process.exitCode = 1
  }
} else {
  const openapi = await generate()
  const documents = { 'openapi.json': openapi, ...printed(openapi) }
  for (const [name, content] of Object.entries(documents)) writeFileSync(join(root, name), content)
}
