/** The start page of a development server: its URL, its publishable key, and code to paste. */
import { pageUrl } from '../docs/paths'
import { page } from '../document'
import { errorPageTexts } from '../error/locales'
import { escapePageHtml } from '../escape'
import { favicon } from '../favicon'
import { linkFrom } from '../links'
import { accountLink, backLink, type PageReader } from '../next-steps'
import palette from '../palette.css' with { type: 'text' }
import { pagePolicy } from '../policy'
import app from './app.js.txt' with { type: 'text' }
import { type Snippet, snippets } from './snippets'
import styles from './style.css' with { type: 'text' }

export interface HomeOptions {
  /** Of the request. */
  path: string
  /** The project URL for supabase-js. */
  url: string
  publishableKey: string
  /** The command that prints the secret key, as it is typed on this machine. */
  keysCommand: string
  version: string
  hasDocumentation: boolean
  /** The enabled pages of this server. */
  links: readonly (readonly [path: string, name: string, description: string])[]
}

const POLICY = pagePolicy("img-src 'self'")

const svg = { type: 'image/svg+xml', body: favicon }

const assets: Record<string, { type: string; body: string }> = {
  '/favicon.ico': svg,
  '/favicon.svg': svg,
  '/home/app.js': { type: 'text/javascript; charset=utf-8', body: String(app) },
  '/home/style.css': { type: 'text/css; charset=utf-8', body: `${palette}\n${styles}` },
}

export const homePaths = Object.keys(assets)

/** Assets of the start page, and the icon of all pages. */
export function homeAsset(path: string): Response {
  const { type, body } = assets[path] as { type: string; body: string }
  return new Response(body, {
    headers: { 'content-type': type, 'cache-control': 'no-cache', 'content-security-policy': POLICY },
  })
}

/** The page for developers. */
export function homePage(options: HomeOptions): Response {
  const { path, url, publishableKey, keysCommand, version, hasDocumentation, links } = options
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Latchkey</title>
    <link rel="icon" href="${linkFrom(path, '/favicon.svg')}" type="image/svg+xml">
    <link rel="stylesheet" href="${linkFrom(path, '/home/style.css')}">
    <script src="${linkFrom(path, '/home/app.js')}" defer></script>
  </head>
  <body>
    <main>
      <header>
        <img src="${linkFrom(path, '/favicon.svg')}" alt="" width="40" height="40">
        <div>
          <h1>Latchkey <small>${escapePageHtml(version)}</small></h1>
          <p>Supabase Auth in one file. This server is running and ready to use.</p>
        </div>
      </header>
      <section aria-labelledby="connect">
        <h2 id="connect">Connect</h2>
        <dl>
          <dt>URL</dt>
          <dd><code data-copy="URL">${escapePageHtml(url)}</code></dd>
          <dt>Publishable key</dt>
          <dd><code data-copy="publishable key">${escapePageHtml(publishableKey)}</code></dd>
        </dl>
        <p class="note">The publishable key is safe to use in browsers and apps. <code>${escapePageHtml(keysCommand)}</code> prints the secret key.</p>
      </section>
      <section aria-labelledby="start">
        <h2 id="start">Start from your framework</h2>
        <div class="tabs">
          ${snippets(url, publishableKey)
            .map((snippet, index) => tab(snippet, index, hasDocumentation ? path : undefined))
            .join('\n          ')}
        </div>
      </section>
      <nav aria-labelledby="more">
        <h2 id="more">On this server</h2>
        <ul>
          ${links
            .map(
              ([target, name, description]) =>
                `<li><a href="${escapePageHtml(linkFrom(path, target))}">${escapePageHtml(name)}</a> <span>${escapePageHtml(description)}</span></li>`,
            )
            .join('\n          ')}
        </ul>
      </nav>
      <p class="note">This page is for development: it is shown while the mailbox is on (<code>AUTH_MAILBOX</code>).</p>
    </main>
  </body>
</html>
`
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    },
  })
}

/**
 * A radio button, its label and its panel, so that tabs need no script.
 * @param path of the page that links to the documentation; undefined if there is none
 */
function tab({ name, guide, steps }: Snippet, index: number, path: string | undefined): string {
  const id = `tab-${index}`
  const blocks = steps.map(
    ({ title, text }) =>
      `<figure><figcaption>${escapePageHtml(title)}</figcaption><pre tabindex="0"><code data-copy="${escapePageHtml(title)}">${escapePageHtml(text)}</code></pre></figure>`,
  )
  const more =
    path !== undefined && guide !== undefined
      ? `<p>Every step, up to the first sign-in: <a href="${linkFrom(path, pageUrl(`docs/${guide}.md`))}">quick start for ${escapePageHtml(name)}</a></p>`
      : ''
  return `<input type="radio" name="framework" id="${id}"${index === 0 ? ' checked' : ''}><label for="${id}">${escapePageHtml(name)}</label>
          <div class="panel">${blocks.join('')}${more}</div>`
}

/** The page for end users: it tells that this is not a website, and links to the application and the account page. */
export function plainHomePage({ site, path, languages }: PageReader): Response {
  return page({ brand: site.brand, path, languages }, (language) => {
    const [title, advice] = errorPageTexts[language].kinds.forApplications
    const content = `<p>${escapePageHtml(advice)}</p>
      ${backLink(language, site.siteUrl)}
      ${accountLink(language, site)}`
    return { title, content }
  })
}
