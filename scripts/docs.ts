/** Prints what is generated: openapi.json, the settings chapter of the README, and .env.example. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printEnvExample, printTable } from '../src/config/print'
import { PROVIDER_NAMES } from '../src/providers'
import { generate } from './openapi'

const root = join(import.meta.dir, '..')
const SETTINGS = ['<!-- settings: printed by `npm run docs` -->', '<!-- end of settings -->'] as const
const PROVIDERS = ['<!-- providers: printed by `npm run docs` -->', '<!-- end of providers -->'] as const

/** Every generated file with the content it should have. */
export async function generated(): Promise<Record<string, string>> {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  return {
    'openapi.json': await generate(),
    'README.md': between(between(readme, SETTINGS, printTable()), PROVIDERS, printProviders()),
    '.env.example': printEnvExample(),
  }
}

function between(text: string, [start, end]: readonly [string, string], content: string): string {
  const [before, rest = ''] = text.split(start)
  return `${before}${start}\n\n${content}\n\n${end}${rest.split(end)[1] ?? ''}`
}

const printProviders = () =>
  `The ${PROVIDER_NAMES.length} providers, as \`signInWithOAuth\` names them: ${PROVIDER_NAMES.map((name) => `\`${name}\``).join(', ')}.`

if (import.meta.main)
  for (const [name, content] of Object.entries(await generated())) writeFileSync(join(root, name), content)
