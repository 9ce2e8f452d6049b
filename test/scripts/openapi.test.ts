import { expect, test } from 'bun:test'
import { ambiguities } from '../../scripts/openapi/checks'
import { allowNullInBodies, sharedResponses, withNamedSchemas } from '../../scripts/openapi/components'
import type { Operation } from '../../scripts/openapi/types'

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

test('schemas with a name become components, and two different ones with the same name are refused', () => {
  const schemas = {}
  const user = { $id: 'User', type: 'object', additionalProperties: false }
  expect(withNamedSchemas({ items: [user, user] }, schemas)).toEqual({
    items: [{ $ref: '#/components/schemas/User' }, { $ref: '#/components/schemas/User' }],
  })
  expect(schemas).toEqual({ User: { type: 'object' } })
  expect(() => withNamedSchemas({ $id: 'User', type: 'string' }, schemas)).toThrow('two different components')
})

test('optional members of bodies may be null, and bodies without a required one', () => {
  const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  const operation = (name: string): Operation => ({
    operationId: name,
    tags: [],
    requestBody: { required: true, content: { 'application/json': { schema: reference(name) } } },
    responses: {},
  })
  const paths = { '/a': { post: operation('A') }, '/b': { post: operation('B') } }
  const schemas = {
    A: { properties: { a: { type: 'string' }, b: { type: 'string', enum: ['x'] } }, required: ['a'] },
    B: { properties: { c: { anyOf: [{ type: 'string' }, { type: 'integer' }] }, d: {} } },
  }
  allowNullInBodies(paths, schemas)
  expect(schemas.A.properties as unknown).toEqual({
    a: { type: 'string' },
    b: { type: ['string', 'null'], enum: ['x', null] },
  })
  expect(schemas.B.properties as unknown).toEqual({
    c: { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] },
    d: {},
  })
  expect(paths['/a'].post.requestBody?.content['application/json']?.schema).toEqual(reference('A'))
  expect(paths['/b'].post.requestBody?.content['application/json']?.schema).toEqual({
    anyOf: [reference('B'), { type: 'null' }],
  })
  paths['/a'].post.responses[200] = { description: '', content: { 'application/json': { schema: reference('A') } } }
  expect(() => allowNullInBodies(paths, schemas)).toThrow('both a body and a response')
})

test('the errors of a surface become shared responses', () => {
  const error = {
    description: 'No.',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  }
  const responses: Operation['responses'] = { 403: error, 200: { description: 'Yes.' } }
  expect(sharedResponses({ '/a': { get: { operationId: 'a', tags: [], responses } } })).toEqual({ Forbidden: error })
  expect(responses).toEqual({
    403: { $ref: '#/components/responses/Forbidden' },
    200: { description: 'Yes.' },
  } as never)
})
