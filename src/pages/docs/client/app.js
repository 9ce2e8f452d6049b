/** Copy buttons and the search. Pages and navigation work without it. */
import { excerptOf, marked } from './excerpt.js'

for (const block of document.querySelectorAll('.code')) {
  const code = block.querySelector('code')
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = 'Copy'
  button.setAttribute('aria-label', 'Copy this code')
  button.addEventListener('click', () => void copy(code, button))
  block.append(button)
}

async function copy(code, button) {
  let isCopied = true
  try {
    await navigator.clipboard.writeText(code.textContent)
  } catch {
    // Without HTTPS there is no clipboard to write to; what is selected can still be copied.
    getSelection().selectAllChildren(code)
    isCopied = document.execCommand('copy')
  }
  button.textContent = isCopied ? 'Copied' : 'Selected'
  setTimeout(() => (button.textContent = 'Copy'), 2000)
}

const input = document.querySelector('#search')
const results = document.querySelector('#results')
const [status, list] = results.children
const MOST = 12

/** Names such as `AUTH_SITE_URL` count as a whole and by their parts. */
const wordsOf = (text) => text.match(/[\p{L}\p{N}]+/gu) ?? []
const namesOf = (text) => text.match(/[\p{L}\p{N}]+(?:[_.-][\p{L}\p{N}]+)+/gu) ?? []
const tokensOf = (text) => [...wordsOf(text), ...namesOf(text)]

/** A setting is described best where all of them are. */
const importance = (url) => (url.startsWith('/docs/settings#') ? 2 : 1)

let index

/** Loaded when the search is first used. @returns undefined if that fails; it is tried again then */
function loadIndex() {
  index ??= Promise.all([
    import('./minisearch.js'),
    fetch(new URL('search.json', import.meta.url)).then((response) => response.json()),
  ])
    .then(([{ default: MiniSearch }, entries]) => {
      const search = new MiniSearch({
        idField: 'url',
        fields: ['heading', 'page', 'text'],
        storeFields: ['page', 'heading', 'text'],
        tokenize: tokensOf,
        searchOptions: {
          boostDocument: importance,
          prefix: true,
          fuzzy: (term) => (term.length > 4 ? 0.2 : false),
          boost: { heading: 4, page: 2 },
        },
      })
      search.addAll(entries)
      return search
    })
    .catch(() => (index = undefined))
  return index
}

/** All words must occur; what has a whole name comes first. */
function find(search, text) {
  const queries = [wordsOf(text), namesOf(text)].filter((terms) => terms.length > 0)
  if (queries.length === 0) return []
  return search.search({
    combineWith: 'OR',
    queries: queries.map((terms) => ({ combineWith: 'AND', queries: terms })),
  })
}

async function show() {
  const text = input.value.trim()
  if (text === '') return close()
  const search = await loadIndex()
  // Meanwhile, more may have been typed.
  if (input.value.trim() !== text) return
  const found = search ? find(search, text) : []
  results.hidden = false
  status.textContent = search ? countOf(found.length) : 'The search could not be loaded.'
  list.replaceChildren(...found.slice(0, MOST).map(itemOf))
}

const countOf = (count) =>
  count > MOST ? `The best ${MOST} of ${count} results` : count === 1 ? '1 result' : `${count || 'No'} results`

function itemOf({ id, page, heading, text, terms }) {
  const link = document.createElement('a')
  // The server may be below a path of a proxy.
  link.href = new URL(`../..${id}`, import.meta.url).href
  const title = document.createElement('strong')
  title.append(...nodesOf(marked(heading === '' ? page : `${page} › ${heading}`, terms)))
  const excerpt = document.createElement('span')
  excerpt.append(...nodesOf(excerptOf(text, terms)))
  link.append(title, excerpt)
  const item = document.createElement('li')
  item.append(link)
  return item
}

const nodesOf = (parts) =>
  parts.map(({ text, isMatch }) => {
    if (!isMatch) return text
    const mark = document.createElement('mark')
    mark.textContent = text
    return mark
  })

function close() {
  results.hidden = true
  list.replaceChildren()
}

/** Moves the focus among the field and the results. */
function move(step) {
  const stops = [input, ...results.querySelectorAll('a')]
  const at = stops.indexOf(document.activeElement)
  stops[Math.min(Math.max(at + step, 0), stops.length - 1)].focus()
}

input.addEventListener('focus', () => void loadIndex())
input.addEventListener('input', () => void show())
input.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') results.querySelector('a')?.click()
})
document.querySelector('search').addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step !== undefined) move(step)
  else if (event.key === 'Escape') {
    input.value = ''
    close()
    input.focus()
  } else return
  event.preventDefault()
})
document.addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.matches('input, textarea, select')
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping) return
  event.preventDefault()
  input.focus()
  input.select()
})
document.addEventListener('click', (event) => {
  if (!event.target.closest('search')) close()
})
results.addEventListener('click', (event) => {
  // A result on this page only moves to its anchor.
  if (event.target.closest('a')) close()
})
for (const popover of document.querySelectorAll('[popover]'))
  popover.addEventListener('click', (event) => {
    if (event.target.closest('a') && popover.matches(':popover-open')) popover.hidePopover()
  })
