import { expect, test } from 'bun:test'
import { parseMediaType } from '../../src/lib/media-type'

test('a media type is read without its parameters', () => {
  for (const text of [
    'application/json',
    ' Application/JSON ',
    'application/json;',
    'application/json; charset=utf-8',
    'application/json;a=1;B="x;y=\\"2\\"" ; c=d',
  ])
    expect([text, parseMediaType(text)]).toEqual([text, 'application/json'])
  expect(parseMediaType('text/vnd.a+b; q="')).toBeUndefined()
})

test('anything else is none', () => {
  for (const text of [
    '',
    ';',
    'json',
    'a/',
    '/b',
    'a/b/c',
    'a b/c',
    'a/b; c',
    'a/b; =c',
    'a/b; c=',
    'a/b; c=1; C=2',
    'a/b x',
  ])
    expect([text, parseMediaType(text)]).toEqual([text, undefined])
})

test('long input takes no long time', () => {
  const before = process.cpuUsage()
  expect(parseMediaType(`a/b${';a=b '.repeat(5000)}"`)).toBeUndefined()
  expect(parseMediaType(`a/b;a="${'\\"'.repeat(20_000)}`)).toBeUndefined()
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000)
})
