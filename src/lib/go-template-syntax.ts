/** Scans the source of a template into text and the tokens of its `{{ }}` actions. */

export interface Token {
  kind: 'path' | 'string' | 'number' | 'word' | 'mark'
  /** As written; for strings, the content. */
  text: string
}

export type Piece = { kind: 'text'; text: string; line: number } | { kind: 'action'; tokens: Token[]; line: number }

/** An error in a template, with its line counted from 1. */
export type TemplateError = Error & { line: number }

export function templateError(line: number, message: string): TemplateError {
  return Object.assign(new Error(`line ${line}: ${message}`), { line })
}

/** `{{- ` trims white space before an action, ` -}}` after it. */
const OPEN = /\{\{(?:-(?=\s))?/g
const COMMENT = /\s*\/\*[\s\S]*?\*\//y
const CLOSE = /\s+-\}\}|\s*\}\}/y
const VARIABLE = /\s*(\$[\p{L}_])/uy
const TOKENS: [Token['kind'], RegExp][] = [
  ['path', /\s*(\$?(?:\.[\p{L}_][\p{L}\p{N}_]*)+|\$|\.)/uy],
  ['string', /\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)/y],
  ['number', /\s*([+-]?\d+(?:\.\d+)?)(?![\p{L}\p{N}_])/uy],
  ['word', /\s*([\p{L}_][\p{L}\p{N}_]*)/uy],
  ['mark', /\s*([()|])/y],
]

/** @throws {TemplateError} if an action is not closed, or contains invalid tokens */
export function scan(source: string): Piece[] {
  const pieces: Piece[] = []
  let [at, line, isTrimming] = [0, 1, false]
  const keep = (end: number, isTrimmed: boolean) => {
    let text = source.slice(at, end)
    if (isTrimming) text = text.trimStart()
    if (isTrimmed) text = text.trimEnd()
    if (text) pieces.push({ kind: 'text', text, line })
    line += newlines(source, at, end)
  }
  for (let open = find(source, at); open; open = find(source, at)) {
    keep(open.start, open.isTrimmed)
    const action = scanAction(source, open.end, line)
    if (action.tokens) pieces.push({ kind: 'action', tokens: action.tokens, line })
    line += newlines(source, open.start, action.end)
    at = action.end
    isTrimming = source.startsWith('-}}', at - 3)
  }
  keep(source.length, false)
  return pieces
}

function find(source: string, at: number): { start: number; end: number; isTrimmed: boolean } | undefined {
  OPEN.lastIndex = at
  const [open] = OPEN.exec(source) ?? []
  return open ? { start: OPEN.lastIndex - open.length, end: OPEN.lastIndex, isTrimmed: open.length > 2 } : undefined
}

function newlines(source: string, start: number, end: number): number {
  let count = 0
  for (let at = source.indexOf('\n', start); at >= 0 && at < end; at = source.indexOf('\n', at + 1)) count++
  return count
}

/** @returns no tokens for a comment */
function scanAction(source: string, start: number, line: number): { tokens?: Token[]; end: number } {
  const comment = match(COMMENT, source, start)
  if (comment) {
    const close = match(CLOSE, source, start + comment[0].length)
    if (!close) throw templateError(line, 'a comment must be closed with */}}')
    return { end: start + comment[0].length + close[0].length }
  }
  const tokens: Token[] = []
  for (let at = start; ; ) {
    const close = match(CLOSE, source, at)
    if (close) return { tokens, end: at + close[0].length }
    const found = nextToken(source, at)
    if (!found) throw unexpectedToken(source, at, line + newlines(source, start, at))
    tokens.push(found.token)
    at = found.end
  }
}

function nextToken(source: string, at: number): { token: Token; end: number } | undefined {
  if (match(VARIABLE, source, at)) return undefined
  for (const [kind, pattern] of TOKENS) {
    const found = match(pattern, source, at)
    if (!found) continue
    const written = found[1] as string
    const text = kind === 'string' ? unquote(written) : written
    if (text !== undefined) return { token: { kind, text }, end: at + found[0].length }
  }
  return undefined
}

/** Go's escapes are the same as in JSON, except for a few that are not needed here. */
function unquote(written: string): string | undefined {
  if (written.startsWith('`')) return written.slice(1, -1)
  try {
    return JSON.parse(written)
  } catch {
    return undefined
  }
}

function unexpectedToken(source: string, at: number, line: number): TemplateError {
  const rest = source.slice(at)
  const [next] = rest.trimStart()
  if (next === undefined) return templateError(line, 'an action is not closed with }}')
  const there = line + newlines(rest, 0, rest.indexOf(next))
  if (match(VARIABLE, source, at)) return templateError(there, 'variables are not supported')
  if (next === '"' || next === '`') return templateError(there, 'a string is not closed, or holds an unknown escape')
  return templateError(there, `unexpected ${JSON.stringify(next)} in an action; is its }} missing?`)
}

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(source)
}
