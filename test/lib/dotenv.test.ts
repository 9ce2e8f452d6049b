import { expect, test } from 'bun:test'
import { parseDotenv } from '../../src/lib/dotenv'

test.each([
  ['A=b', 'b'],
  ['export A=b', 'b'],
  ['A = b ', 'b'],
  ['A=b # note', 'b'],
  ['A=b#c', 'b#c'],
  ['A=#b', ''],
  ['A=', ''],
  ['A="b # c" # note', 'b # c'],
  ["A='b\\nc'", 'b\\nc'],
  ['A="b\\nc"', 'b\nc'],
  ['A="{\\"b\\":[\\"c\\"]}"', '{"b":["c"]}'],
  ['A="b\nc"', 'b\nc'],
  ["A=it's", "it's"],
  ['A="b', '"b'],
  ['A=$B', '$B'],
  ['A=[{"kty":"oct"}]', '[{"kty":"oct"}]'],
  ['# A=c\n\nA=b\r\n', 'b'],
  ['\uFEFFA=b', 'b'],
  ['nonsense\nA=b', 'b'],
])('%j gives A the value %j', (text, value) => expect(parseDotenv(text)).toEqual({ A: value }))

test('every line counts, and of duplicate names the last', () =>
  expect(parseDotenv('A=1\nB="2"\nC=\'3\'\nA=4\n')).toEqual({ A: '4', B: '2', C: '3' }))
