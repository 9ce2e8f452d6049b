import { expect, test } from 'bun:test'
import { type TSchema, Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { freeForm } from '../../src/http/free-form'
import { type ResponseHeaders, responseEncoder } from '../../src/http/response-encoder'

const Row = Type.Object({ id: Type.String(), at: Type.Optional(Type.String()) })
const Session = Type.Object({ token: Type.String(), row: Type.Optional(Row) })

/** The body of a response with `value`, checked against its schema as in every test. */
async function answered(schema: TSchema, value: unknown, isChecked = true): Promise<string> {
  return responseEncoder({ responses: { 200: schema }, encode: JSON.stringify, isChecked })(value, {}).text()
}

test('a response contains only declared members, in the order of the schema', async () => {
  expect(await answered(Row, { secret: 'x', at: 'now', id: '1' })).toBe('{"id":"1","at":"now"}')
  const nested = { row: { id: '1', secret: 'x' }, token: 't', secret: 'x' }
  expect(await answered(Session, nested)).toBe('{"token":"t","row":{"id":"1"}}')
  expect(await answered(Type.Array(Row), [{ id: '1', secret: 'x' }, { id: '2' }])).toBe('[{"id":"1"},{"id":"2"}]')
})

test('undefined members are omitted', async () => {
  expect(await answered(Row, { id: '1', at: undefined })).toBe('{"id":"1"}')
  expect(await answered(Session, { token: 't', row: undefined })).toBe('{"token":"t"}')
})

test('an object with arbitrary members is sent whole', async () => {
  const value = JSON.parse('{"data":{"__proto__":1,"b":{"c":null},"a":[2]}}')
  expect(await answered(Type.Object({ data: freeForm() }), value)).toBe(JSON.stringify(value))
  const anything = Type.Record(Type.String(), Type.Unknown())
  expect(await answered(Type.Array(anything), [value])).toBe(JSON.stringify([value]))
})

test('of a union, the first alternative whose required members exist applies', async () => {
  const either = Type.Union([Session, Row])
  expect(await answered(either, { id: '1', token: 't' })).toBe('{"token":"t"}')
  expect(await answered(either, { id: '1', other: 't' })).toBe('{"id":"1"}')
  const orNull = Type.Object({ rows: Type.Union([Type.Array(Row), Type.Null()]) })
  expect(await answered(orNull, { rows: null })).toBe('{"rows":null}')
  expect(await answered(orNull, { rows: [{ id: '1', secret: 'x' }] })).toBe('{"rows":[{"id":"1"}]}')
  for (const value of [{ at: 'now' }, [], 'text'])
    await expect(answered(either, value, false)).rejects.toThrow('the form of no alternative')
})

test('names that are not identifiers are supported', async () => {
  const schema = Type.Object({ 'a-b': Type.Number(), '"': Row })
  expect(await answered(schema, { '"': { id: '1', x: 1 }, 'a-b': 2 })).toBe('{"a-b":2,"\\"":{"id":"1"}}')
})

test('a value that does not match its schema is a fault that does not contain the value', async () => {
  await expect(answered(Row, { id: 5 })).rejects.toThrow('the answer with status 200 does not match its schema at /id')
  await expect(answered(Row, { at: 'now' })).rejects.toThrow('at /id')
  await expect(answered(Type.Array(Row), [{ id: '1' }, { id: null }])).rejects.toThrow('at /1/id')
})

test('a status without a schema is a fault, whatever the value', () => {
  const answer = responseEncoder({ responses: { 200: Row }, encode: JSON.stringify, isChecked: false })
  expect(() => answer(status(201, { id: '1' }), {})).toThrow('no schema is declared for answers with status 201')
})

test('a handler can set the status, and send headers without a body', async () => {
  const answer = responseEncoder({ responses: { 201: Row, 204: Type.Void() }, encode: JSON.stringify, isChecked: true })
  const created = answer(status(201, { id: '1' }), { 'cache-control': 'no-store' })
  expect(created.status).toBe(201)
  expect(Object.fromEntries(created.headers)).toEqual({
    'cache-control': 'no-store',
    'content-type': 'application/json',
  })
  const empty = answer(status(204), { 'set-cookie': 'a=b' })
  expect([empty.status, await empty.text(), [...empty.headers]]).toEqual([204, '', [['set-cookie', 'a=b']]])
})

test('a Response of the handler is sent unchanged, with missing headers added', () => {
  const answer = responseEncoder({ responses: {}, encode: JSON.stringify, isChecked: true })
  const headers: ResponseHeaders = { 'cache-control': 'no-store', 'set-cookie': 'c=d', 'x-count': 3 }
  const response = answer(new Response('x', { headers: { 'cache-control': 'public', 'set-cookie': 'a=b' } }), headers)
  expect(response.headers.get('cache-control')).toBe('public')
  expect(response.headers.getSetCookie()).toEqual(['a=b', 'c=d'])
  expect(response.headers.get('x-count')).toBe('3')
})
