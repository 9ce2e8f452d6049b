/**
 * A subset of Go's template language, sufficient for mails and SMS: fields, `if`, `with`, `range`, pipelines and a few
 * functions. In HTML, values are escaped for their context, as in Go's html/template; user-supplied data (`.Data`)
 * never becomes a link. Rendering cannot fail.
 *
 * @see https://pkg.go.dev/text/template
 * @see https://pkg.go.dev/html/template
 */
import { type Piece, scan, type Token, templateError } from './go-template-syntax'
import {
  type CompileContext,
  compile,
  type Expression,
  isFunction,
  isTrue,
  isUsers,
  print,
  type Scope,
  type Value,
} from './go-template-values'
import {
  advance,
  afterValue,
  defang,
  type HtmlContext,
  joinContexts,
  START,
  unsafeContextReason,
  type Writer,
  writerFor,
} from './html-contexts'
import type { JsonObject } from './json'

export type { TemplateError } from './go-template-syntax'

export interface Template {
  render(values: JsonObject): string
  /** The top-level fields it uses, such as `ConfirmationURL`, each with the line of its first use. */
  fields: ReadonlyMap<string, number>
}

type Mode = CompileContext['mode']

interface Print {
  kind: 'print'
  line: number
  value: Expression
  write: Writer
}

interface Block {
  kind: 'if' | 'with' | 'range'
  line: number
  value: Expression
  body: Node[]
  otherwise: Node[]
}

type Node = { kind: 'text'; line: number; text: string } | Print | Block

/** In text mode a value is a single line: line breaks become spaces. */
const writeText: Writer = (text, written) =>
  (written.isUsers ? defang(text) : text).replace(/[\p{Cc}\u2028\u2029]/gu, ' ')

/**
 * @param mode `html` escapes values, `text` (subjects, SMS, the text part of a mail) keeps them on one line
 * @throws {TemplateError} with the line: for anything outside the subset, and in HTML for a value in a context where no
 * escaping makes it safe (a script, a style sheet, a tag or attribute name)
 */
export function parseTemplate(source: string, mode: Mode): Template {
  const reading: Reading = { pieces: scan(source), at: 0, mode, fields: new Map() }
  const { nodes } = readNodes(reading, true)
  if (mode === 'html') {
    const end = placeAll(nodes, START)
    if (end.kind !== 'text') throw templateError(nodes.at(-1)?.line ?? 1, 'the text ends inside a tag or a comment')
  }
  return {
    fields: reading.fields,
    render: (values) => {
      const root: Value = { json: values, origin: 'root' }
      return renderAll(nodes, { root, dot: root })
    },
  }
}

interface Reading {
  pieces: Piece[]
  at: number
  mode: Mode
  fields: Map<string, number>
}

interface Closing {
  word: 'else' | 'end'
  tokens: Token[]
  line: number
}

/** Reads up to the `else` or `end` of the enclosing block, or to the end of the source. */
function readNodes(reading: Reading, isDotRoot: boolean, opener?: { word: string; line: number }) {
  const nodes: Node[] = []
  for (let piece = reading.pieces[reading.at++]; piece; piece = reading.pieces[reading.at++]) {
    if (piece.kind === 'text') nodes.push(piece)
    else {
      const { line, tokens } = piece
      const [first, ...rest] = tokens
      const word = first?.kind === 'word' ? first.text : undefined
      if (word === 'else' || word === 'end') {
        if (!opener) throw templateError(line, `"${word}" without a block`)
        return { nodes, closing: { word, tokens: rest, line } satisfies Closing as Closing }
      }
      nodes.push(readAction(reading, piece, isDotRoot))
    }
  }
  if (opener) throw templateError(opener.line, `"${opener.word}" is not closed with {{ end }}`)
  return { nodes, closing: { word: 'end', tokens: [], line: 0 } satisfies Closing as Closing }
}

function readAction(reading: Reading, { tokens, line }: Piece & { kind: 'action' }, isDotRoot: boolean): Node {
  const [first, ...rest] = tokens
  const word = first?.kind === 'word' ? first.text : undefined
  if (word === 'if' || word === 'with' || word === 'range') return readBlock(reading, word, rest, line, isDotRoot)
  if (word !== undefined && word !== 'true' && word !== 'false' && !isFunction(word))
    throw templateError(line, `unknown action "${word}"`)
  const value = compile(tokens, { ...reading, line, isDotRoot })
  return { kind: 'print', line, value, write: writeText }
}

function readBlock(reading: Reading, word: Block['kind'], tokens: Token[], line: number, isDotRoot: boolean): Block {
  const value = compile(tokens, { ...reading, line, isDotRoot })
  const opener = { word, line }
  const { nodes: body, closing } = readNodes(reading, isDotRoot && word === 'if', opener)
  const block = { kind: word, line, value, body }
  if (closing.word === 'end') return { ...block, otherwise: requireEnd(closing, []) }
  const [next, ...condition] = closing.tokens
  if (word === 'if' && next?.kind === 'word' && next.text === 'if')
    return { ...block, otherwise: [readBlock(reading, 'if', condition, closing.line, isDotRoot)] }
  requireEnd(closing, [])
  const { nodes: otherwise, closing: end } = readNodes(reading, isDotRoot, opener)
  if (end.word === 'else') throw templateError(end.line, `a second "else" of "${word}"`)
  return { ...block, otherwise: requireEnd(end, otherwise) }
}

function requireEnd<T>({ word, tokens: [next], line }: Closing, result: T): T {
  if (next) throw templateError(line, `unexpected "${next.text}" behind "${word}"`)
  return result
}

/** Assigns each value the writer for its context. @returns the context after the nodes */
function placeAll(nodes: Node[], start: HtmlContext): HtmlContext {
  return nodes.reduce((place, node) => {
    if (node.kind === 'text') return advance(place, node.text)
    if (node.kind !== 'print') return placeBlock(node, place)
    const problem = unsafeContextReason(place)
    if (problem) throw templateError(node.line, problem)
    node.write = writerFor(place)
    return afterValue(place)
  }, start)
}

/** Either branch may be taken, and the body of a `range` may repeat, so all must end in the same context. */
function placeBlock({ kind, line, body, otherwise }: Block, start: HtmlContext): HtmlContext {
  const meet = (a: HtmlContext, b: HtmlContext) => {
    const both = joinContexts(a, b)
    if (!both) throw templateError(line, `the branches of "${kind}" end in different HTML contexts`)
    return both
  }
  const once = placeAll(body, start)
  const end = kind === 'range' ? placeAll(body, meet(start, once)) : once
  return meet(end, placeAll(otherwise, start))
}

function renderAll(nodes: Node[], scope: Scope): string {
  let text = ''
  for (const node of nodes)
    text +=
      node.kind === 'text' ? node.text : node.kind === 'print' ? renderPrint(node, scope) : renderBlock(node, scope)
  return text
}

function renderPrint({ value, write }: Print, scope: Scope): string {
  const found = value(scope)
  return write(print(found), {
    isUsers: isUsers(found),
    isTrustedUrl: found.origin === 'trusted-url',
    isQueryEscaped: found.isQueryEscaped === true,
  })
}

function renderBlock({ kind, value, body, otherwise }: Block, scope: Scope): string {
  const found = value(scope)
  const { json, origin } = found
  const isTaken = kind === 'range' ? Array.isArray(json) && json.length > 0 : isTrue(found)
  if (!isTaken) return renderAll(otherwise, scope)
  if (kind === 'if') return renderAll(body, scope)
  if (kind === 'with' || !Array.isArray(json)) return renderAll(body, { ...scope, dot: found })
  return json.map((item) => renderAll(body, { ...scope, dot: { json: item, origin } })).join('')
}
