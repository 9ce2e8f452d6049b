/**
 * Patterns of redirect targets (contract 0.9): `.` and `/` separate; `*` is any run without a separator, `**` any run at
 * all, `?` one character that is no separator; `[abc]`, `[!abc]`, `[a-z]`, `{a,b}` and `\` as in a shell.
 */

/** @returns what is wrong with a pattern, or undefined where nothing is */
export function flawOfGlob(pattern: string): string | undefined {
  try {
    globToRegExp(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The whole text has to match. @throws {Error} that says what is wrong with the pattern */
export function globToRegExp(pattern: string): RegExp {
  let source = ''
  let depth = 0
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string
    if (character === '\\') {
      at += 1
      if (at === pattern.length) throw new Error('it ends in a backslash')
      source += escaped(pattern[at] as string)
    } else if (character === '*') {
      const isDeep = pattern[at + 1] === '*'
      source += isDeep ? '.*' : '[^./]*'
      while (pattern[at + 1] === '*') at += 1
    } else if (character === '?') source += '[^./]'
    else if (character === '[') {
      const end = pattern.indexOf(']', at + 1)
      if (end < 0) throw new Error('a [ is not closed')
      source += characterClass(pattern.slice(at + 1, end))
      at = end
    } else if (character === '{') {
      depth += 1
      source += '(?:'
    } else if (character === '}' && depth > 0) {
      depth -= 1
      source += ')'
    } else if (character === ',' && depth > 0) source += '|'
    else source += escaped(character)
  }
  if (depth > 0) throw new Error('a { is not closed')
  return new RegExp(`^(?:${source})$`, 's')
}

function characterClass(inside: string): string {
  const isNegated = inside.startsWith('!')
  const members = inside.slice(isNegated ? 1 : 0)
  if (members === '') throw new Error('a [ ] is empty')
  const range = /^(.)-(.)$/su.exec(members)
  if (range && (range[1] as string) > (range[2] as string)) throw new Error(`the range ${members} is turned round`)
  const source = range
    ? `${escaped(range[1] as string)}-${escaped(range[2] as string)}`
    : [...members].map(escaped).join('')
  return `[${isNegated ? '^' : ''}${source}]`
}

const escaped = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
