/**
 * Settings files with `NAME=value` lines, parsed as in GoTrue (github.com/joho/godotenv) except for `$NAME`, which is
 * not expanded: `export` before a name, quoted values over several lines, `\n` and `\"` in double quotes, comments
 * after a space.
 */

const NAME = /^(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*/
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

export function parseDotenv(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  let rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  while (rest !== '') {
    rest = rest.trimStart()
    const [head, name] = NAME.exec(rest) ?? []
    if (head === undefined || name === undefined) {
      rest = afterLine(rest)
      continue
    }
    rest = rest.slice(head.length)
    const quoted = readQuoted(rest)
    found[name] = quoted?.value ?? readPlain(rest)
    rest = afterLine(quoted ? rest.slice(quoted.length) : rest)
  }
  return found
}

const afterLine = (text: string) => (text.includes('\n') ? text.slice(text.indexOf('\n') + 1) : '')

/** A quoted value and its length with the quotes; undefined if it is not quoted or the quote is not closed. */
function readQuoted(text: string): { value: string; length: number } | undefined {
  const [whole] = /^"(?:[^"\\]|\\.)*"|^'[^']*'|^`[^`]*`/s.exec(text) ?? []
  if (whole === undefined) return undefined
  const inner = whole.slice(1, -1)
  const value = whole.startsWith('"') ? inner.replace(/\\(.)/gs, unescaped) : inner
  return { value, length: whole.length }
}

const unescaped = (whole: string, character: string) =>
  ESCAPES[character] ?? (/["\\$`]/.test(character) ? character : whole)

function readPlain(text: string): string {
  const [line = ''] = text.split('\n', 1)
  return line.replace(/(^|\s)#.*$/, '').trim()
}
