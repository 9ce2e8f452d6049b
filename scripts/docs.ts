/** Prints what is generated: openapi.json, the settings chapter of the README, and .env.example. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printEnvExample, printTable } from '../src/config/print'
import { generate } from './openapi'

const root = join(import.meta.dir, '..')
const START = '<!-- settings: printed by `npm run docs` -->'
const END = '<!-- end of settings -->'

/** Every generated file with the content it should have. */
export async function generated(): Promise<Record<string, string>> {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const [before, rest = ''] = readme.split(START)
  const after = rest.split(END)[1] ?? ''
  return {
    'openapi.json': await generate(),
    'README.md': `${before}${START}\n\n${printTable()}\n\n${END}${after}`,
    '.env.example': printEnvExample(),
  }
}

if (import.meta.main)
  for (const [name, content] of Object.entries(await generated())) writeFileSync(join(root, name), content)
