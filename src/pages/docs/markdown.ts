/** Markdown to HTML, with the heading anchors of GitHub and the links of this server. */
import GithubSlugger from 'github-slugger'
import { Marked, type Token, type Tokens } from 'marked'
import { escapePageHtml } from '../escape'
import { linkFrom } from '../links'
import { isEmbedded } from './content'
import { fileUrl, linkedPath, pageUrl } from './paths'

export interface Heading {
  depth: number
  id: string
  text: string
}

/** A part of a page that the search finds: the text below a heading, or a row of a table that begins with a name. */
export interface Section {
  /** The anchor; empty for the beginning of the page. */
  id: string
  heading: string
  text: string
}

export interface Rendered {
  title: string
  html: string
  headings: Heading[]
  sections: Section[]
}

/** @param path of the file in the repository, from which its links are resolved */
export function renderMarkdown(path: string, text: string): Rendered {
  const marked = new Marked({ gfm: true })
  const tokens = marked.lexer(text)
  const anchors = anchorsOf(tokens)
  marked.use({ renderer: rendererFor(path, anchors) })
  const headings = [...anchors.headings.values()]
  return {
    title: headings.find(({ depth }) => depth === 1)?.text ?? path,
    html: marked.parser(tokens),
    headings,
    sections: sectionsOf(tokens, anchors),
  }
}

interface Anchors {
  headings: Map<Token, Heading>
  /** Rows of tables that begin with a name in code: a setting, an error code, a metric. */
  rows: Map<Tokens.TableCell, { id: string; name: string }>
}

function anchorsOf(tokens: Token[]): Anchors {
  const slugger = new GithubSlugger()
  const headings = new Map<Token, Heading>()
  for (const token of tokens) {
    if (token.type !== 'heading') continue
    const text = plainText(token.tokens ?? [])
    headings.set(token, { depth: token.depth, id: slugger.slug(text), text })
  }
  const taken = new Set([...headings.values()].map(({ id }) => id))
  const rows: Anchors['rows'] = new Map()
  for (const token of tokens) {
    if (token.type !== 'table') continue
    for (const [first] of (token as Tokens.Table).rows) {
      const name = first && nameIn(first)
      const id = name?.toLowerCase()
      if (!first || !name || !id || taken.has(id)) continue
      taken.add(id)
      rows.set(first, { id, name })
    }
  }
  return { headings, rows }
}

/** The name that a cell begins with, if it can be an anchor as it is. */
function nameIn({ tokens: [first] }: Tokens.TableCell): string | undefined {
  return first?.type === 'codespan' && /^[A-Za-z][\w.-]*$/.test(first.text) ? first.text : undefined
}

/** The text of inline Markdown, as a reader sees it. */
const plainText = (tokens: readonly Token[]): string =>
  tokens
    .map((token) => {
      if (token.type === 'html') return /^<br/.test(token.raw) ? ' ' : ''
      if (token.type === 'br') return ' '
      if ('tokens' in token && token.tokens) return plainText(token.tokens)
      return 'text' in token ? String(token.text) : ''
    })
    .join('')

function sectionsOf(tokens: readonly Token[], { headings, rows }: Anchors): Section[] {
  const sections: Section[] = [{ id: '', heading: '', text: '' }]
  const named: Section[] = []
  let current = sections[0] as Section
  const add = (text: string) => (current.text += `${text.trim()}\n`)
  for (const token of tokens) {
    const heading = headings.get(token)
    if (heading) {
      // The title of a page is no section of its own.
      if (heading.depth === 1) continue
      current = { id: heading.id, heading: heading.text, text: '' }
      sections.push(current)
    } else if (token.type === 'table') {
      const { header, rows: lines } = token as Tokens.Table
      add(header.map(cellText).join(' '))
      for (const cells of lines) {
        const name = cells[0] && rows.get(cells[0])
        const text = cells.map(cellText).join(' · ')
        if (name) named.push({ id: name.id, heading: name.name, text })
        else add(text)
      }
    } else add(blockText(token))
  }
  return [...sections, ...named]
}

const cellText = ({ tokens }: Tokens.TableCell) => plainText(tokens)

function blockText(token: Token): string {
  if (token.type === 'list')
    return (token as Tokens.List).items.map((item) => item.tokens.map(blockText).join('\n')).join('\n')
  if (token.type === 'blockquote') return (token.tokens ?? []).map(blockText).join('\n')
  if (token.type === 'code') return token.text
  return token.type === 'html' ? '' : plainText([token])
}

function rendererFor(path: string, { headings, rows }: Anchors) {
  const inline = (self: Renderer, tokens: Token[]) => self.parser.parseInline(tokens)
  return {
    heading(this: Renderer, token: Tokens.Heading) {
      const heading = headings.get(token)
      const html = inline(this, token.tokens)
      if (!heading) return `<h${token.depth}>${html}</h${token.depth}>\n`
      const isLinkable = heading.depth > 1 && !html.includes('<a ')
      const content = isLinkable ? `<a class="anchor" href="#${heading.id}">${html}</a>` : html
      return `<h${token.depth} id="${heading.id}">${content}</h${token.depth}>\n`
    },
    code({ text, lang = '' }: Tokens.Code) {
      const language = /^[\w-]+/.exec(lang)?.[0]
      const name = language ? ` class="language-${language}"` : ''
      return `<div class="code"><pre tabindex="0"><code${name}>${escapePageHtml(text)}\n</code></pre></div>\n`
    },
    /** Long names and paths may break after these characters. */
    codespan({ text }: Tokens.Codespan) {
      return `<code>${escapePageHtml(text).replace(/[_/](?=.)/g, '$&<wbr>')}</code>`
    },
    table(this: Renderer, { header, rows: lines }: Tokens.Table) {
      const element = (cell: Tokens.TableCell) => (cell.header && cell.tokens.length > 0 ? 'th' : 'td')
      const row = (cells: Tokens.TableCell[]) =>
        cells
          .map((cell) => `<${element(cell)}${aligned(cell)}>${inline(this, cell.tokens)}</${element(cell)}>`)
          .join('')
      const body = lines.map((cells) => {
        const name = cells[0] && rows.get(cells[0])
        return `<tr${name ? ` id="${name.id}"` : ''}>${row(cells)}</tr>\n`
      })
      return `<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n<thead><tr>${row(header)}</tr></thead>\n<tbody>\n${body.join('')}</tbody></table></div>\n`
    },
    link(this: Renderer, { href, text, tokens }: Tokens.Link) {
      const html = inline(this, tokens)
      const target = addressOf(path, href)
      if (target === undefined) return linkedPath(path, href) === text ? `<code>${html}</code>` : html
      return `<a href="${escapePageHtml(target)}">${html}</a>`
    },
    image({ href, text }: Tokens.Image) {
      const target = linkedPath(path, href)
      return `<img src="${escapePageHtml(target === undefined ? href : linkFrom(pageUrl(path), fileUrl(target)))}" alt="${escapePageHtml(text)}" loading="lazy">`
    },
    /** Comments are for authors. */
    html({ text }: Tokens.HTML | Tokens.Tag) {
      return text.replace(/<!--.*?-->\n?/gs, '')
    },
  }
}

type Renderer = { parser: { parseInline(tokens: Token[]): string } }

const ALIGNMENTS = { left: '', right: ' class="right"', center: ' class="center"' }
const aligned = ({ align }: Tokens.TableCell) => (align ? ALIGNMENTS[align] : '')

/** A link as on the page that is made from a file; undefined if it leads to a file that is not served. */
function addressOf(from: string, href: string): string | undefined {
  if (href.startsWith('#')) return href
  const here = pageUrl(from)
  const file = linkedPath(from, href)
  if (file === undefined) return /^\/(?!\/)/.test(href) ? linkFrom(here, href) : href
  const path = servedPath(file)
  const fragment = href.includes('#') ? href.slice(href.indexOf('#')) : ''
  return path && linkFrom(here, path) + fragment
}

function servedPath(file: string): string | undefined {
  if (file === 'openapi.json') return '/openapi.json'
  if (!isEmbedded(file)) return undefined
  return file.endsWith('.md') ? pageUrl(file) : fileUrl(file)
}
