/**
 * The OpenAPI document, generated from the schemas of the routes.
 *
 *   bun scripts/openapi.ts write       regenerates openapi.json
 *   bun scripts/openapi.ts check       fails if openapi.json differs from the generated document or is not valid
 *   bun scripts/openapi.ts coverage    fails if a route is missing from it, or an entry does not describe its responses
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { ambiguities, coverage } from './openapi/checks'
import { generate, withApp } from './openapi/document'

const FILE = join(import.meta.dir, '..', 'openapi.json')

const verbs: Record<string, () => Promise<void>> = {
  async write() {
    writeFileSync(FILE, await generate())
  },
  async check() {
    finish(await problemsOf(readFileSync(FILE, 'utf8')), 'openapi.json is current and valid')
  },
  async coverage() {
    const document = JSON.parse(readFileSync(FILE, 'utf8'))
    const { count, problems } = await withApp(({ routes }) => coverage(document, routes.routes))
    finish(problems, `${count} operations documented`)
  },
}

/** @returns the problems of the committed document; empty if there are none */
async function problemsOf(committed: string): Promise<string[]> {
  const problems =
    committed === (await generate()) ? [] : ['openapi.json is not what the schemas generate; run `npm run docs`']
  const { valid, errors } = await new Validator().validate(JSON.parse(committed))
  if (!valid) problems.push(`openapi.json is not valid OpenAPI: ${JSON.stringify(errors)}`)
  return [...problems, ...ambiguities(JSON.parse(committed))]
}

function finish(problems: string[], success: string): void {
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) console.log(success)
  process.exitCode = problems.length > 0 ? 1 : 0
}

await verbs[process.argv[2] ?? '']?.()
