/** The documentation: the files of `docs/`, rendered when they are first asked for. */
import minisearch from '../../../node_modules/minisearch/dist/es/index.js' with { type: 'text' }
import { linkFrom } from '../links'
import palette from '../palette.css' with { type: 'text' }
import { pagePolicy } from '../policy'
import article from './article.css' with { type: 'text' }
import app from './client/app.js' with { type: 'text' }
import excerpt from './client/excerpt.js' with { type: 'text' }
import { isEmbedded, pageFileAt, pictureOf, textOf } from './content'
import { INDEX, tableOfContents } from './contents'
import frame from './frame.css' with { type: 'text' }
import { layout } from './layout'
import { renderMarkdown } from './markdown'
import { fileUrl, ROOT } from './paths'
import { searchEntries } from './search'

export { ROOT as DOCUMENTATION } from './paths'

const POLICY = pagePolicy("img-src 'self'", "connect-src 'self'")

interface Asset {
  type: string
  body: string | Buffer
}

interface Kept extends Asset {
  /** Weak, because it is the same for each encoding. */
  etag: string
  compressed?: Uint8Array<ArrayBuffer>
}

const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
const PLAIN = 'text/plain; charset=utf-8'

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  md: 'text/markdown; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
  webp: 'image/webp',
}

const LLMS = '/llms.txt'

const own: Record<string, () => Asset | Promise<Asset>> = {
  [`${ROOT}/site/style.css`]: () => ({ type: 'text/css; charset=utf-8', body: [palette, article, frame].join('\n') }),
  [`${ROOT}/site/app.js`]: () => ({ type: SCRIPT, body: String(app) }),
  [`${ROOT}/site/excerpt.js`]: () => ({ type: SCRIPT, body: String(excerpt) }),
  [`${ROOT}/site/minisearch.js`]: () => ({ type: SCRIPT, body: String(minisearch) }),
  [`${ROOT}/site/search.json`]: async () => ({ type: 'application/json', body: JSON.stringify(await searchEntries()) }),
  [LLMS]: () => ({ type: PLAIN, body: listForLanguageModels() }),
}

/** What was asked for so far. Only what exists is kept, so its size is that of the documentation. */
const kept = new Map<string, Promise<Kept>>()

/** The answer to a request for a path below `/docs`, or for `/llms.txt`. */
export async function documentation(path: string, headers: Headers): Promise<Response> {
  const plain = path.replace(/\/(?:README|index)?\/?$/, '')
  if (plain !== path && pageFileAt(plain))
    return new Response(null, { status: 308, headers: { location: linkFrom(path, plain) } })
  const asset = await (kept.get(path) ?? keep(path))
  return asset ? answer(asset, headers) : notFound(path)
}

function keep(path: string): Promise<Kept> | undefined {
  const asset = own[path]?.() ?? pageAt(path) ?? fileAt(path)
  if (!asset) return undefined
  const entry = withTag(asset)
  kept.set(path, entry)
  return entry
}

async function withTag(asset: Asset | Promise<Asset>): Promise<Kept> {
  const { type, body } = await asset
  return { type, body, etag: `W/"${Bun.hash(body).toString(36)}"` }
}

function pageAt(url: string): Asset | undefined {
  const path = pageFileAt(url)
  if (path === undefined) return undefined
  return { type: HTML, body: layout({ url, path, ...renderMarkdown(path, textOf(path) ?? '') }) }
}

function fileAt(url: string): Asset | undefined {
  const path = [url.slice(1), url.slice(`${ROOT}/files/`.length)].find(
    (each) => isEmbedded(each) && fileUrl(each) === url,
  )
  if (path === undefined) return undefined
  const picture = pictureOf(path)
  const ending = /\.(\w+)$/.exec(path)?.[1] ?? ''
  return {
    type: TYPES[ending] ?? PLAIN,
    body: picture === undefined ? (textOf(path) ?? '') : Buffer.from(picture, 'base64'),
  }
}

function answer(asset: Kept, asked: Headers): Response {
  const headers: Record<string, string> = { ...headersOf(asset.type), etag: asset.etag, vary: 'Accept-Encoding' }
  if (asked.get('if-none-match')?.includes(asset.etag)) return new Response(null, { status: 304, headers })
  const isCompressible = typeof asset.body === 'string' && /\bgzip\b/.test(asked.get('accept-encoding') ?? '')
  if (!isCompressible) return new Response(asset.body, { headers })
  asset.compressed ??= Bun.gzipSync(asset.body as string)
  return new Response(asset.compressed, { headers: { ...headers, 'content-encoding': 'gzip' } })
}

const headersOf = (type: string) => ({
  'content-type': type,
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
})

function notFound(url: string): Response {
  const html = `<h1>No such page</h1>
<p>The documentation has no page at this address. Search for it above, or start from <a href="${linkFrom(url, ROOT)}">the list of all pages</a>.</p>
`
  const body = layout({ url, path: undefined, title: 'No such page', html, headings: [] })
  return new Response(body, { status: 404, headers: { ...headersOf(HTML), 'cache-control': 'no-store' } })
}

/** All pages in Markdown, in the format of llmstxt.org. */
function listForLanguageModels(): string {
  const linkTo = (path: string) => linkFrom(LLMS, fileUrl(path))
  const sections = tableOfContents().map(({ title, pages }) => {
    const lines = pages.map(
      (page) => `- [${page.title}](${linkTo(page.path)})${page.description && `: ${page.description}`}`,
    )
    return `## ${title}\n\n${lines.join('\n')}\n`
  })
  const all = `This list is also [a page](${linkTo(INDEX)}).`
  return `# Latchkey\n\n> Supabase Auth in one file: an auth server in one executable. ${all}\n\n${sections.join('\n')}`
}
