/** The contents of a template action: pipelines of fields, literals and functions, compiled to evaluators. */
import { type Token, templateError } from './go-template-syntax'
import { encodePart, escapeTemplateHtml } from './html-contexts'
import type { Json } from './json'

/**
 * The origin of a value: the root, a configured URL, user-supplied data, or anything else. It is tracked through
 * `with`, `range` and functions, and determines how the value is escaped.
 */
export type Origin = 'root' | 'trusted-url' | 'user' | 'plain'

export interface Value {
  json: Json
  origin: Origin
  /** It is already escaped as part of a URL query. */
  isQueryEscaped?: boolean
}

export interface Scope {
  root: Value
  /** The value of `.`: the root, or a part of it inside `with` and `range`. */
  dot: Value
}

export type Expression = (scope: Scope) => Value

/** The context an expression is compiled in. */
export interface CompileContext {
  mode: 'html' | 'text'
  line: number
  isDotRoot: boolean
  /** Collects the root fields used, each with the line of its first use. */
  fields: Map<string, number>
}

const TRUSTED_URLS = new Set(['ConfirmationURL', 'SiteURL', 'RedirectTo'])
const USER_FIELDS = new Set(['Data'])

/** @throws {TemplateError} for an unknown function, a wrong number of arguments, or an invalid pipeline */
export function compile(tokens: readonly Token[], setting: CompileContext): Expression {
  const rest = [...tokens]
  const expression = pipeline(rest, setting)
  if (rest[0]) throw templateError(setting.line, `unexpected "${rest[0].text}"`)
  return expression
}

function pipeline(rest: Token[], setting: CompileContext): Expression {
  let expression = command(rest, setting)
  while (rest[0]?.kind === 'mark' && rest[0].text === '|') {
    rest.shift()
    expression = command(rest, setting, expression)
  }
  return expression
}

/** @param piped the piped value, which becomes the last argument */
function command(rest: Token[], setting: CompileContext, piped?: Expression): Expression {
  const { line, mode } = setting
  const [first] = rest
  const name = first?.kind === 'word' && first.text !== 'true' && first.text !== 'false' ? first.text : undefined
  if (name === undefined) {
    if (piped && first) throw templateError(line, 'only a function can follow "|"')
    return operand(rest, setting)
  }
  const known = FUNCTIONS.get(name)
  if (!known) throw templateError(line, `unknown function "${name}"`)
  rest.shift()
  const given: Expression[] = []
  while (rest[0] && !(rest[0].kind === 'mark' && rest[0].text !== '(')) given.push(operand(rest, setting))
  if (piped) given.push(piped)
  const [least, most, call] = known
  if (given.length < least || given.length > most)
    throw templateError(line, `"${name}" takes ${counts(least, most)}, not ${given.length}`)
  return (scope) =>
    call(
      given.map((argument) => argument(scope)),
      mode,
    )
}

const counts = (least: number, most: number) =>
  `${least}${most === MANY ? ' or more' : ''} argument${least === 1 && most === 1 ? '' : 's'}`

function operand(rest: Token[], setting: CompileContext): Expression {
  const token = rest.shift()
  if (!token) throw templateError(setting.line, 'a value is missing')
  if (token.kind === 'path') return path(token.text, setting)
  if (token.kind === 'string') return constant(token.text)
  if (token.kind === 'number') return constant(Number(token.text))
  if (token.text === 'true' || token.text === 'false') return constant(token.text === 'true')
  if (token.text !== '(') throw templateError(setting.line, `unexpected "${token.text}"`)
  const inner = pipeline(rest, setting)
  const close = rest.shift()
  if (close?.kind !== 'mark' || close.text !== ')') throw templateError(setting.line, 'a "(" is not closed')
  return inner
}

const constant = (json: Json): Expression => {
  const value = plain(json)
  return () => value
}

function path(text: string, { line, isDotRoot, fields }: CompileContext): Expression {
  const isFromRoot = text.startsWith('$')
  const names = text.replace('$', '').split('.').filter(Boolean)
  const [first] = names
  if (first !== undefined && (isFromRoot || isDotRoot) && !fields.has(first)) fields.set(first, line)
  return ({ root, dot }) => names.reduce(member, isFromRoot ? root : dot)
}

/** Own properties only; missing members are null, and members of null are null. */
function member({ json, origin }: Value, name: string | number): Value {
  const isThere = typeof json === 'object' && json !== null && Object.hasOwn(json, name)
  const found = isThere && !(Array.isArray(json) && name === 'length') ? (json as Record<string, Json>)[name] : null
  if (origin !== 'root') return { json: found ?? null, origin: origin === 'user' ? 'user' : 'plain' }
  const key = String(name)
  return {
    json: found ?? null,
    origin: TRUSTED_URLS.has(key) ? 'trusted-url' : USER_FIELDS.has(key) ? 'user' : 'plain',
  }
}

/** False for null, false, 0 and empty values. */
export function isTrue({ json }: Value): boolean {
  return typeof json === 'object' && json !== null ? Object.keys(json).length > 0 : Boolean(json)
}

/** Empty for null; objects as JSON. */
export function print({ json }: Value): string {
  if (json === null) return ''
  return typeof json === 'object' ? JSON.stringify(json) : String(json)
}

/** Whether it contains user-supplied data; the root does. */
export const isUsers = ({ origin }: Value) => origin === 'user' || origin === 'root'

const plain = (json: Json): Value => ({ json, origin: 'plain' })

/** A text combined from several values is user-supplied if one of them is. */
const combined = (text: string, from: Value[]): Value => ({ json: text, origin: from.some(isUsers) ? 'user' : 'plain' })

/** As Go's `fmt.Sprint`: a space between two operands if neither is a string. */
function printAll(values: Value[]): string {
  return values.reduce((text, value, index) => {
    const isApart = index > 0 && [values[index - 1], value].every((each) => typeof each?.json !== 'string')
    return text + (isApart ? ' ' : '') + print(value)
  }, '')
}

/** As Go's `url.QueryEscape`. */
const queryEscape = (text: string) => encodePart(text).replaceAll('%20', '+')

function count({ json }: Value): number {
  if (typeof json === 'string') return Buffer.byteLength(json)
  return typeof json === 'object' && json !== null ? Object.keys(json).length : 0
}

function find(from: Value, key: Value): Value {
  return typeof key.json === 'string' || typeof key.json === 'number' ? member(from, key.json) : plain(null)
}

const isEqual = ([first, ...others]: Value[]) => others.some(({ json }) => json === first?.json)
const NOTHING = plain(null)
const MANY = Number.POSITIVE_INFINITY

/** Minimum and maximum number of arguments of each. In HTML mode values are escaped anyway, so `html` does nothing. */
export const FUNCTIONS = new Map<string, [number, number, (values: Value[], mode: CompileContext['mode']) => Value]>([
  ['and', [1, MANY, (values) => values.find((each) => !isTrue(each)) ?? values.at(-1) ?? NOTHING]],
  ['or', [1, MANY, (values) => values.find(isTrue) ?? values.at(-1) ?? NOTHING]],
  ['not', [1, 1, ([value = NOTHING]) => plain(!isTrue(value))]],
  ['eq', [2, MANY, (values) => plain(isEqual(values))]],
  ['ne', [2, 2, (values) => plain(!isEqual(values))]],
  ['len', [1, 1, ([value = NOTHING]) => plain(count(value))]],
  ['index', [1, MANY, ([from = NOTHING, ...keys]) => keys.reduce(find, from)]],
  ['print', [0, MANY, (values) => combined(printAll(values), values)]],
  [
    'html',
    [
      1,
      MANY,
      (values, mode) => combined(mode === 'html' ? printAll(values) : escapeTemplateHtml(printAll(values)), values),
    ],
  ],
  ['urlquery', [1, MANY, (values) => ({ ...combined(queryEscape(printAll(values)), values), isQueryEscaped: true })]],
])

export const isFunction = (name: string) => FUNCTIONS.has(name)
