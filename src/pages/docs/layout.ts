/** The frame of a page of the documentation: search, navigation, the page, and its own headings. */
import { escapePageHtml } from '../escape'
import { linkFrom } from '../links'
import { type ContentsEntry, neighbours, tableOfContents } from './contents'
import type { Heading } from './markdown'
import { fileUrl, ROOT } from './paths'

export interface DocumentPage {
  /** Path of the page on this server. */
  url: string
  /** Path of the Markdown file in the repository; undefined if there is none. */
  path: string | undefined
  title: string
  html: string
  headings: readonly Heading[]
}

export function layout({ url, path, title, html, headings }: DocumentPage): string {
  const listed = headings.filter(({ depth }) => depth === 2 || depth === 3)
  const hasHeadings = listed.length > 1
  const linkTo = (target: string) => escapePageHtml(linkFrom(url, target))
  const source = path === undefined ? '' : `<link rel="alternate" type="text/markdown" href="${linkTo(fileUrl(path))}">`
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapePageHtml(title)} · Latchkey</title>
    <link rel="icon" href="${linkTo('/favicon.svg')}" type="image/svg+xml">
    <link rel="stylesheet" href="${linkTo(`${ROOT}/site/style.css`)}">
    <script src="${linkTo(`${ROOT}/site/app.js`)}" type="module"></script>
    ${source}
  </head>
  <body>
    <a class="skip" href="#content">Skip to the content</a>
    <header>
      <a class="brand" href="${linkTo(ROOT)}"><img src="${linkTo('/favicon.svg')}" alt="" width="24" height="24">Latchkey <span>documentation</span></a>
      <search>
        <input type="search" id="search" class="field" placeholder="Search" aria-label="Search the documentation" aria-keyshortcuts="/" autocomplete="off" spellcheck="false">
        <div id="results" class="results" hidden><p role="status"></p><ul></ul></div>
      </search>
      <button type="button" class="opens" popovertarget="pages">Pages</button>
      ${hasHeadings ? '<button type="button" class="opens opens-headings" popovertarget="headings">On this page</button>' : ''}
    </header>
    <nav id="pages" class="pages" popover aria-label="Documentation">${navigation(path, linkTo)}</nav>
    <main id="content" tabindex="-1">
      <article>
${html}      </article>
      ${path === undefined ? '' : footer(path, linkTo)}
    </main>
    ${hasHeadings ? `<nav id="headings" class="headings" popover aria-labelledby="headings-title"><h2 id="headings-title">On this page</h2><ul>${listed.map(headingLink).join('')}</ul></nav>` : ''}
  </body>
</html>
`
}

type LinkTo = (path: string) => string

function navigation(path: string | undefined, linkTo: LinkTo): string {
  return tableOfContents()
    .map(
      ({ title, pages }) =>
        `<h2>${escapePageHtml(title)}</h2><ul>${pages.map((entry) => pageLink(entry, path, linkTo)).join('')}</ul>`,
    )
    .join('')
}

const pageLink = ({ title, path, url }: ContentsEntry, current: string | undefined, linkTo: LinkTo) =>
  `<li><a href="${linkTo(url)}"${currentMark(path, current)}>${escapePageHtml(title)}</a></li>`

/** The page itself, or the index of the folder that it is in. */
function currentMark(path: string, current: string | undefined): string {
  if (path === current) return ' aria-current="page"'
  const isIndex = path.endsWith('/README.md') && current?.startsWith(path.replace('README.md', ''))
  return isIndex ? ' aria-current="true"' : ''
}

const headingLink = ({ depth, id, text }: Heading) =>
  `<li class="depth-${depth}"><a href="#${escapePageHtml(id)}">${escapePageHtml(text)}</a></li>`

function footer(path: string, linkTo: LinkTo): string {
  const { previous, next } = neighbours(path)
  const link = (entry: ContentsEntry | undefined, rel: string, label: string) =>
    entry ? `<a rel="${rel}" href="${linkTo(entry.url)}"><span>${label}</span> ${escapePageHtml(entry.title)}</a>` : ''
  const links = link(previous, 'prev', 'Previous') + link(next, 'next', 'Next')
  return `<footer>
        ${links && `<nav class="neighbours" aria-label="Previous and next page">${links}</nav>`}
        <p><a href="${linkTo(fileUrl(path))}">This page as Markdown</a></p>
      </footer>`
}
