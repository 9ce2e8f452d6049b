/**
 * HTML contexts: where in a page a piece of text stands, and how a value is escaped there. Follows the contexts of Go's
 * html/template as far as mails need them; if a value cannot be made safe, the reason is reported.
 */

/** The part of a URL that a value would extend, from least to most restricted. */
const URL_PARTS = ['path', 'scheme', 'query', 'script'] as const
type UrlPart = (typeof URL_PARTS)[number]

/** @see https://html.spec.whatwg.org/multipage/parsing.html#tokenization, of which these are the relevant states */
export interface HtmlContext {
  kind: 'text' | 'raw' | 'comment' | 'declaration' | 'tag' | 'name' | 'before-value' | 'value'
  /** The raw text element, such as `script`; empty otherwise. */
  element: string
  attribute: string
  /** The quote that ends the attribute value; empty for white space. */
  quote: string
  url: UrlPart
}

export interface ValueTraits {
  /** It is user-supplied. */
  isUsers: boolean
  /** A configured URL, which may have an app's own scheme. */
  isTrustedUrl: boolean
  /** It is already escaped for a URL query. */
  isQueryEscaped: boolean
}

export type Writer = (text: string, written: ValueTraits) => string

export const START: HtmlContext = { kind: 'text', element: '', attribute: '', quote: '', url: 'scheme' }

const RAW_ELEMENTS = /^(?:script|style|xmp|iframe|noembed|noframes|plaintext)$/
const URL_ATTRIBUTES = /^(?:(?:xlink:)?href|src|srcset|action|formaction|background|poster|cite|data|ping)$/
const SCRIPT_ATTRIBUTES = /^(?:on.*|srcdoc)$/
const SAFE_SCHEMES = /^(?:https?|mailto|tel|sms)$/
const UNSAFE_SCHEMES = /^(?:javascript|data|vbscript)$/

/** Matches, in this order: a conditional comment (some mail programs show its content), an empty one, a comment, … */
const OPENING = /<!--\[if[^>]*>|<!---?>|(<!--)|(<[!?])|<(\/?)([a-z][^\s/>]*)|</giy

/** The context after a piece of literal text. */
export function advance(place: HtmlContext, text: string): HtmlContext {
  let [now, at] = [place, 0]
  while (at < text.length) [now, at] = step(now, text, at)
  return now
}

function step(place: HtmlContext, text: string, at: number): [HtmlContext, number] {
  switch (place.kind) {
    case 'text':
      return stepText(text, at)
    case 'raw':
      return until(new RegExp(`</${place.element}(?=[\\s/>])`, 'gi'), { ...START, kind: 'tag' }, place, text, at)
    case 'comment':
      return until(/--!?>/g, START, place, text, at)
    case 'declaration':
      return until(/>/g, START, place, text, at)
    case 'value':
      return stepValue(place, text, at)
    default:
      return stepTag(place, text, at)
  }
}

function until(end: RegExp, next: HtmlContext, place: HtmlContext, text: string, at: number): [HtmlContext, number] {
  end.lastIndex = at
  return end.test(text) ? [next, end.lastIndex] : [place, text.length]
}

function stepText(text: string, at: number): [HtmlContext, number] {
  const open = text.indexOf('<', at)
  if (open < 0) return [START, text.length]
  OPENING.lastIndex = open
  const [, comment, declaration, slash, name = ''] = OPENING.exec(text) ?? []
  const next = OPENING.lastIndex
  if (comment) return [{ ...START, kind: 'comment' }, next]
  if (declaration) return [{ ...START, kind: 'declaration' }, next]
  // An action follows the text, so it is part of the tag.
  if (!name) return /^<\/?$/.test(text.slice(open)) ? [{ ...START, kind: 'tag' }, text.length] : [START, next]
  const isRaw = !slash && RAW_ELEMENTS.test(name.toLowerCase())
  return [{ ...START, kind: 'tag', element: isRaw ? name.toLowerCase() : '' }, next]
}

function stepTag(place: HtmlContext, text: string, at: number): [HtmlContext, number] {
  const { element } = place
  const outside: HtmlContext = { ...START, kind: 'tag', element }
  if (place.kind === 'name') {
    const equals = sticky(/\s*=\s*/y, text, at)
    return equals ? [{ ...place, kind: 'before-value' }, at + equals.length] : [outside, at]
  }
  if (text[at] === '>') return [{ ...START, kind: element ? 'raw' : 'text', element }, at + 1]
  if (place.kind === 'before-value') {
    const quote = sticky(/\s*["']/y, text, at)
    return [{ ...place, kind: 'value', quote: quote.slice(-1) }, at + quote.length]
  }
  const gap = sticky(/[\s/]+/y, text, at)
  if (gap) return [outside, at + gap.length]
  const name = sticky(/[^\s/>][^\s/>=]*/y, text, at)
  return [{ ...outside, kind: 'name', attribute: name.toLowerCase() }, at + name.length]
}

function sticky(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function stepValue(place: HtmlContext, text: string, at: number): [HtmlContext, number] {
  const outside: HtmlContext = { ...START, kind: 'tag', element: place.element }
  const part = sticky(place.quote === '"' ? /[^"]*/y : place.quote === "'" ? /[^']*/y : /[^\s>]*/y, text, at)
  const next = at + part.length
  if (next === text.length) return [{ ...place, url: urlAfter(place.url, part) }, next]
  return [outside, place.quote ? next + 1 : next]
}

/** No scheme can follow a character that schemes cannot contain. */
function urlAfter(url: UrlPart, part: string): UrlPart {
  if (url === 'script' || /^\s*(?:java|vb)script:/i.test(part)) return 'script'
  if (/[?#]/.test(part)) return 'query'
  return url === 'scheme' && /[^\w+.\-\s]/.test(part) ? 'path' : url
}

/** The context after a value. */
export function afterValue(place: HtmlContext): HtmlContext {
  return place.kind === 'before-value' ? { ...place, kind: 'value' } : place
}

/** The context after either of two branches. @returns undefined if they differ */
export function joinContexts(a: HtmlContext, b: HtmlContext): HtmlContext | undefined {
  if (a.kind !== b.kind && isBetweenAttributes(a) && isBetweenAttributes(b))
    return { ...START, kind: 'tag', element: a.element }
  if (a.kind === 'name' && b.kind === 'name' && a.attribute !== b.attribute) return { ...a, kind: 'tag', attribute: '' }
  const isSame = a.kind === b.kind && a.element === b.element && a.attribute === b.attribute && a.quote === b.quote
  if (!isSame) return undefined
  return URL_PARTS.indexOf(a.url) < URL_PARTS.indexOf(b.url) ? b : a
}

const isBetweenAttributes = ({ kind }: HtmlContext) => kind === 'tag' || kind === 'name'

/** Why no value can be written in a context. @returns undefined if one can */
export function unsafeContextReason({ kind, element, attribute, url }: HtmlContext): string | undefined {
  if (kind === 'raw') return `a value cannot be written inside <${element}>`
  if (kind === 'tag' || kind === 'name') return 'a value in a tag can only stand in the value of an attribute'
  if (kind === 'declaration') return 'a value cannot be written inside <!…>'
  if (SCRIPT_ATTRIBUTES.test(attribute)) return `a value cannot be written inside the attribute ${attribute}`
  return url === 'script' && URL_ATTRIBUTES.test(attribute) ? 'a value cannot be written inside a script' : undefined
}

/** How a value is written in a context that allows one. */
export function writerFor(place: HtmlContext): Writer {
  if (place.kind === 'text') return (text, { isUsers }) => escapeTemplateHtml(isUsers ? defang(text) : text)
  if (place.kind === 'comment') return escapeTemplateHtml
  return (text, written) => {
    const escaped = escapeTemplateHtml(attributeText(place, text, written))
    if (place.quote) return escaped
    // White space or `=` would end the value; an empty one would let the next attribute become the value.
    return escaped.replace(/[\s=]/g, (character) => `&#${character.charCodeAt(0)};`) || '&#32;'
  }
}

function attributeText({ attribute, url }: HtmlContext, text: string, written: ValueTraits): string {
  if (attribute === 'style') return /^[\w\s#%.,+-]*$/.test(text) ? text : ''
  if (!URL_ATTRIBUTES.test(attribute)) return text
  if (url === 'query') return written.isQueryEscaped ? text : encodePart(text)
  return url === 'path' || hasSafeScheme(text, written.isTrustedUrl) ? text : '#'
}

/** Relative URLs are safe. Like browsers, this ignores control characters and white space in a scheme. */
function hasSafeScheme(url: string, isTrusted: boolean): boolean {
  const [, scheme] = /^([^/?#:]*):/.exec(url.replace(/[\0-\x20\x7f-\xa0]/g, '').toLowerCase()) ?? []
  if (scheme === undefined) return true
  return isTrusted ? !UNSAFE_SCHEMES.test(scheme) : SAFE_SCHEMES.test(scheme)
}

/** Percent-encodes everything but the unreserved characters (RFC 3986 §2.3). */
export function encodePart(text: string): string {
  const encode = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, encode)
}

const REFERENCES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '`': '&#96;',
  '\0': '\ufffd',
}

/** Character references for everything that could end a text or a quoted value. */
export function escapeTemplateHtml(text: string): string {
  return text.replace(/[&<>"'`\0]/g, (character) => REFERENCES[character] as string)
}

/** The full stop, and its equivalents in domain names (UTS #46). */
const LINK_LIKE = /:\/\/|www[.。．｡]|[^\s.][.。．｡]\p{L}[\p{L}\p{M}]/iu

/** Prevents mail programs from turning a user-supplied name into a link: a zero-width space follows each separator. */
export function defang(text: string): string {
  return LINK_LIKE.test(text) ? text.replace(/[.:/。．｡]/g, '$&\u200b') : text
}
