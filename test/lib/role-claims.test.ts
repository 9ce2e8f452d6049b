import { expect, test } from 'bun:test'
import { claimsOfRoles } from '../../src/lib/role-claims'

const CLAIMS = {
  editor: { user_role: 'editor', permissions: ['posts.write', 'posts.read'], limits: { posts: 10 } },
  moderator: { user_role: 'moderator', permissions: ['posts.read', 'posts.delete'], limits: { posts: 99 }, level: 2 },
  user: { user_role: 'member', permissions: ['posts.read'], plan: 'free' },
}

test('one role gives its claims, and no role gives none', () => {
  expect(claimsOfRoles(CLAIMS, ['editor'])).toEqual(CLAIMS.editor)
  expect(claimsOfRoles(CLAIMS, [])).toEqual({})
  expect(claimsOfRoles(CLAIMS, ['admin', 'constructor'])).toEqual({})
})

test('lists are united without duplicates, and of other values that of the role listed first counts', () => {
  const merged = {
    user_role: 'editor',
    permissions: ['posts.write', 'posts.read', 'posts.delete'],
    limits: { posts: 10 },
    level: 2,
    plan: 'free',
  }
  expect(claimsOfRoles(CLAIMS, ['user', 'moderator', 'editor'])).toEqual(merged)
  expect(claimsOfRoles(CLAIMS, ['editor', 'moderator', 'user'])).toEqual(merged)
})

test('a list and another value are not united', () => {
  const mixed = { a: { x: 'one', y: ['one'] }, b: { x: ['two'], y: 'two' } }
  expect(claimsOfRoles(mixed, ['a', 'b'])).toEqual({ x: 'one', y: ['one'] })
})

test('lists of objects are united by their contents', () => {
  const lists = { a: { orgs: [{ id: 1 }] }, b: { orgs: [{ id: 1 }, { id: 2 }] } }
  expect(claimsOfRoles(lists, ['a', 'b'])).toEqual({ orgs: [{ id: 1 }, { id: 2 }] })
})

test('a falsy value counts like any other', () => {
  const falsy = { a: { on: false, n: 0, none: null, text: '' }, b: { on: true, n: 1, none: 1, text: 'b' } }
  expect(claimsOfRoles(falsy, ['a', 'b'])).toEqual(falsy.a)
})

test('a claim may have any name', () => {
  const claims = JSON.parse('{"a": {"__proto__": {"x": 1}, "constructor": 1}}')
  const merged = claimsOfRoles(claims, ['a'])
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"x":1},"constructor":1}')
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
})
