import { expect, test } from 'bun:test'
import { ambiguities } from '../../scripts/openapi'

test('duplicate operation ids and tags without a description or use are reported', () => {
  const tags = [{ name: 'A', description: 'First.' }, { name: 'B' }, { name: 'C', description: 'Unused.' }]
  const operation = (operationId: string, tag: string) => ({ operationId, tags: [tag], responses: {} })
  const paths = { '/a': { get: operation('getA', 'A') }, '/b': { get: operation('getA', 'B') } }
  expect(ambiguities({ tags, paths })).toEqual([
    'GET /b has the operationId getA, as GET /a has',
    'the tag B is not declared with a description',
    'no operation has the tag C',
  ])
})
