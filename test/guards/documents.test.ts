/** Documents and code cannot drift apart. */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generated } from '../../scripts/docs'
import { ambiguities, check, coverage } from '../../scripts/openapi'
import { allSettings } from '../../src/config'

const root = join(import.meta.dir, '../..')

test('openapi.json, the settings chapter and .env.example are as printed', async () => {
  for (const [name, content] of Object.entries(await generated()))
    expect([name, readFileSync(join(root, name), 'utf8')]).toEqual([name, content])
})

test('openapi.json is current and valid', async () => expect(await check()).toEqual([]))

test('two operations of one name, and tags that nothing explains, are found', () => {
  const tags = [{ name: 'A', description: 'First.' }, { name: 'B' }, { name: 'C', description: 'Unused.' }]
  const operation = (operationId: string, tag: string) => ({ operationId, tags: [tag], responses: {} })
  const paths = { '/a': { get: operation('getA', 'A') }, '/b': { get: operation('getA', 'B') } }
  expect(ambiguities({ tags, paths })).toEqual([
    'GET /b has the operationId getA, as GET /a has',
    'the tag B is not declared with a description',
    'no operation has the tag C',
  ])
})

test('every route is documented, with a schema for each answer and an example for each body', async () => {
  const { count, problems } = await coverage()
  expect(problems).toEqual([])
  expect(count).toBeGreaterThan(15)
})

test('settings have one name each, and a sentence', () => {
  const names = allSettings.flatMap((each) => [
    ...each.names,
    ...(each.flag ? [each.flag] : []),
    ...(each.toml ? [each.toml] : []),
  ])
  expect(names).toHaveLength(new Set(names).size)
  for (const {
    names: [name],
    doc,
    default: value,
    defaultNote,
  } of allSettings) {
    expect(name).toMatch(/^AUTH_[A-Z0-9_]+$/)
    expect(doc).toMatch(/^[A-Z`].*\.$/s)
    if (value !== undefined) expect([name, defaultNote]).toEqual([name, undefined])
  }
})
