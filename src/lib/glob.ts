/**
 * Patterns of redirect targets (docs/wire-contract.md#redirect-targets): `.` and `/` are separators; `*` matches
 * anything but separators, `**` anything, `?` one non-separator; `[abc]`, `[!abc]`, `[a-z]`, `{a,b}` and `\` as in a
 * shell. Matching time is linear in text and pattern; with a regular expression it would not be.
 */

export interface Glob {
  /** Whether the whole text matches. */
  test(text: string): boolean
}

/** One step of a pattern: the characters it accepts, once or repeatedly. */
interface Step {
  takes(character: string): boolean
  isRun: boolean
}

/** Braces multiply; more alternatives are a mistake. */
const MAX_ALTERNATIVES = 64

/** @returns the problem of a pattern, or undefined */
export function globError(pattern: string): string | undefined {
  try {
    parseGlob(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** @throws {Error} that describes the problem of the pattern */
export function parseGlob(pattern: string): Glob {
  const alternatives = expandBraces(pattern).map(parseSteps)
  return { test: (text) => alternatives.some((steps) => matches(steps, text)) }
}

/** `a{b,c}` as `ab` and `ac`. */
function expandBraces(pattern: string): string[] {
  const [start, end, commas] = outerBraces(pattern)
  if (start < 0) return [pattern]
  const cuts = [start, ...commas, end]
  const inner = cuts.slice(1).map((cut, index) => pattern.slice((cuts[index] as number) + 1, cut))
  const expanded = inner.flatMap((part) => expandBraces(pattern.slice(0, start) + part + pattern.slice(end + 1)))
  if (expanded.length > MAX_ALTERNATIVES) throw new Error(`it expands to more than ${MAX_ALTERNATIVES} patterns`)
  return expanded
}

/** Positions of the first pair of braces and its commas; -1 for none. */
function outerBraces(pattern: string): [start: number, end: number, commas: number[]] {
  let start = -1
  let depth = 0
  let commas: number[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '\\') at += 1
    else if (character === '[') at = Math.max(at, pattern.indexOf(']', at))
    else if (character === '{') {
      depth += 1
      if (depth === 1) [start, commas] = [at, []]
    } else if (character === ',' && depth === 1) commas.push(at)
    else if (character === '}' && depth > 0) {
      depth -= 1
      if (depth === 0) return [start, at, commas]
    }
  }
  if (depth > 0) throw new Error('a { is not closed')
  return [-1, -1, []]
}

const isSeparator = (character: string) => character === '.' || character === '/'

function parseSteps(pattern: string): Step[] {
  const steps: Step[] = []
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string
    if (character === '*') {
      const isDeep = characters[at + 1] === '*'
      steps.push({ takes: (each) => isDeep || !isSeparator(each), isRun: true })
      while (characters[at + 1] === '*') at += 1
    } else if (character === '?') steps.push({ takes: (each) => !isSeparator(each), isRun: false })
    else if (character === '[') {
      const end = characters.indexOf(']', at + 1)
      if (end < 0) throw new Error('a [ is not closed')
      steps.push({ takes: characterClass(characters.slice(at + 1, end)), isRun: false })
      at = end
    } else {
      if (character === '\\') at += 1
      const literal = characters[at]
      if (literal === undefined) throw new Error('it ends in a backslash')
      steps.push({ takes: (each) => each === literal, isRun: false })
    }
  }
  return steps
}

function characterClass(inside: string[]): (character: string) => boolean {
  const isNegated = inside[0] === '!'
  const members = inside.slice(isNegated ? 1 : 0)
  const [first, dash, last] = members
  if (first === undefined) throw new Error('a [ ] is empty')
  const isRange = members.length === 3 && dash === '-' && last !== undefined
  if (isRange && first > last) throw new Error(`the range ${members.join('')} is reversed`)
  return (character) => {
    const isIn = isRange ? first <= character && character <= last : members.includes(character)
    return isIn !== isNegated
  }
}

/** Simulates all paths through the steps in parallel: the set of places reachable with the text so far. */
function matches(steps: Step[], text: string): boolean {
  let places = withRunsPassed(steps, new Set([0]))
  for (const character of text) {
    const next = new Set<number>()
    for (const place of places) {
      const step = steps[place]
      if (step?.takes(character)) next.add(step.isRun ? place : place + 1)
    }
    if (next.size === 0) return false
    places = withRunsPassed(steps, next)
  }
  return places.has(steps.length)
}

/** A run may be empty or finished. */
function withRunsPassed(steps: Step[], places: Set<number>): Set<number> {
  for (const place of places) if (steps[place]?.isRun) places.add(place + 1)
  return places
}
