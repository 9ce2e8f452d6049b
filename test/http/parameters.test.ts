import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { endpoint } from '../../src/http/endpoint'
import { pathParameters, queryReader } from '../../src/http/parameters'

const read = queryReader({ page: Type.Optional(Type.Integer()), type: Type.String() })
const queryOf = (query: string) => read(new Request(`http://localhost/x${query}`))

test('the first value of each declared parameter is read, as text', () => {
  expect(queryOf('?page=x&type=a%20b+c&page=2&other=1')).toEqual({ page: 'x', type: 'a b c' })
  expect(queryOf('?type=')).toEqual({ page: undefined, type: '' })
  for (const none of ['', '?', '?other=1', '#?page=1']) expect(queryOf(none)).toEqual({})
})

test('without declared parameters, none are read', () => {
  expect(queryReader({})(new Request('http://localhost/x?page=1'))).toEqual({})
})

test('a path parameter that cannot be decoded is empty', () => {
  expect(pathParameters({ id: null, role: 'a/b' })).toEqual({ id: '', role: 'a/b' })
  expect(pathParameters(undefined)).toEqual({})
})

test('a handler sees the parameters that its endpoint declares, and no others', () => {
  const described = { tag: '', summary: '', responses: {}, access: 'anyone', method: 'GET' } as const
  const factor = endpoint({
    ...described,
    path: '/users/:user/factors/:factor',
    query: { page: Type.Optional(Type.Integer()) },
    handle: ({ params, query }) => {
      const declared: [string, string, string | undefined] = [params.user, params.factor, query.page]
      // @ts-expect-error no parameter of the path
      const inPath = params.id
      // @ts-expect-error no declared parameter of the query
      const inQuery = query.per_page
      return [declared, inPath, inQuery]
    },
  })
  const users = endpoint({
    ...described,
    path: '/users',
    // @ts-expect-error neither the path nor the query declares any
    handle: ({ params: { id }, query: { page } }) => [id, page],
  })
  expect([factor.path, users.path]).toEqual(['/users/:user/factors/:factor', '/users'])
})
