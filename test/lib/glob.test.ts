import { expect, test } from 'bun:test'
import { globError, parseGlob } from '../../src/lib/glob'

/** For each pattern, texts that it matches and does not match. */
const CASES: Record<string, { yes: string[]; no: string[] }> = {
  // the examples of docs/wire-contract.md#redirect-targets
  'http://localhost:3000/*': {
    yes: ['http://localhost:3000/a', 'http://localhost:3000/', 'http://localhost:3000/a?b=c'],
    no: [
      'http://localhost:3000/a/b',
      'http://localhost:3000',
      'http://localhost:3000/a.html',
      'http://localhost:30001/a',
    ],
  },
  'https://*.foo.com': {
    yes: ['https://a.foo.com', 'https://a-b.foo.com', 'https://.foo.com'],
    no: [
      'https://a.b.foo.com',
      'https://foo.com',
      'https://a.foo.com/',
      'https://a.foo.com.evil.net',
      'https://evil.com/a.foo.com',
    ],
  },
  'https://foo.com/**': {
    yes: ['https://foo.com/', 'https://foo.com/a/b.html?x=1&y=/..'],
    no: ['https://foo.com', 'https://foo.com.evil.net/', 'http://foo.com/', 'https://foo.comx/a', 'https://xfoo.com/a'],
  },
  'https://foo.com/cb': {
    yes: ['https://foo.com/cb'],
    no: [
      'https://foo.com/cb?x=1',
      'https://foo.com/cb/',
      'https://foo.com/CB',
      'https://fooXcom/cb',
      'https://foo.com/cbx',
    ],
  },
  'https://foo.com/*': { yes: ['https://foo.com/a'], no: ['https://foo.com/a.html', 'https://foo.com/a/'] },
  'myapp://*': {
    yes: ['myapp://login', 'myapp://'],
    no: ['myapp://login/x', 'myapp://a.b', 'notmyapp://login', 'myapp:login'],
  },
  // each piece of the dialect
  '**': { yes: ['', 'a', 'a/b.c', 'a\nb'], no: [] },
  '*': { yes: ['', 'a'], no: ['a/b', 'a.b'] },
  '***': { yes: ['a/b'], no: [] },
  'a*b*c': { yes: ['abc', 'axbxc', 'abbcc'], no: ['a.bc', 'ab/c', 'abcd'] },
  'a?c': { yes: ['abc', 'a?c', 'a c'], no: ['ac', 'a.c', 'a/c', 'abbc'] },
  '[abc]x': { yes: ['ax', 'bx'], no: ['dx', 'x', 'abx', '[abc]x'] },
  '[!abc]x': { yes: ['dx', '!x'], no: ['ax', 'x'] },
  '[a-c]x': { yes: ['ax', 'bx', 'cx'], no: ['dx', '-x', 'Bx'] },
  '[!a-c]x': { yes: ['dx'], no: ['bx'] },
  '[a-]': { yes: ['a', '-'], no: ['b'] },
  '[^a]': { yes: ['^', 'a'], no: ['b'] },
  '{a,b}c': { yes: ['ac', 'bc'], no: ['c', 'abc', '{a,b}c', 'a,bc'] },
  '{a,b{c,d}}e': { yes: ['ae', 'bce', 'bde'], no: ['be'] },
  '{,x}y': { yes: ['y', 'xy'], no: ['xxy'] },
  '{*.a,**}': { yes: ['x.a', 'q/q'], no: [] },
  'a,b': { yes: ['a,b'], no: ['a', 'b'] },
  'a}': { yes: ['a}'], no: ['a'] },
  'a]': { yes: ['a]'], no: ['a'] },
  '\\*': { yes: ['*'], no: ['a', '\\*', ''] },
  '\\{a\\}\\?\\[b': { yes: ['{a}?[b'], no: ['a?[b'] },
  '\\\\': { yes: ['\\'], no: ['\\\\'] },
  // characters that are special in regular expressions are literal here
  'a.b+c(d)|e$^': { yes: ['a.b+c(d)|e$^'], no: ['axb+c(d)|e$^', 'a.bbc(d)|e$^', 'e$^'] },
  '': { yes: [''], no: ['a'] },
}

for (const [pattern, { yes, no }] of Object.entries(CASES))
  test(`the pattern ${JSON.stringify(pattern)} matches what it should and nothing else`, () => {
    const matched = [...yes, ...no].filter((text) => parseGlob(pattern).test(text))
    expect(matched).toEqual(yes)
    expect(globError(pattern)).toBeUndefined()
  })

test('an invalid pattern is rejected with the reason', () => {
  expect(globError('https://foo.com/\\')).toContain('backslash')
  expect(globError('https://[abc')).toContain('[ is not closed')
  expect(globError('https://{a,b')).toContain('{ is not closed')
  expect(globError('{a{b}')).toContain('{ is not closed')
  expect(globError('[]')).toContain('empty')
  expect(globError('[!]')).toContain('empty')
  expect(globError('[z-a]')).toContain('z-a')
  expect(() => parseGlob('[')).toThrow()
})

test('matching a long text against a pattern of many parts is fast', () => {
  const before = process.cpuUsage()
  for (const pattern of ['https://**.example.com/**', 'https://*.*.*.example.com/*', 'https://{a,b,c}*.example.com'])
    parseGlob(pattern).test(`https://${'a'.repeat(50_000)}${'.a/'.repeat(10_000)}`)
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000)
})
