/** What commands print on a terminal. */
import { expect, test } from 'bun:test'
import { printable } from '../../src/cli/terminal'

test.each([
  ['\u001b]0;title\u0007', '?]0;title?'],
  ['a\u009b31m\nb\u007f', 'a?31m?b?'],
  // On a terminal that follows it, the address would be shown backwards.
  ['evil@example.com \u202emoc.elpmaxe@nimda', 'evil@example.com ?moc.elpmaxe@nimda'],
  ['\u2066a\u2069\u200f\u061c\u2028b', '?a????b'],
  ['Ægir 名前 עברית 👩‍💻', 'Ægir 名前 עברית 👩‍💻'],
])('%j is printed as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})
