/** Parts that all views share. Everything from the server is rendered as text, never as markup. */
import { get } from './api.js'
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from './lib.js'
import { useLoad } from './load.js'
import { relativeTime } from './relative-time.js'

// ---- Icons ----

const ICONS = {
  users:
    'M16 19v-1.5a3.5 3.5 0 0 0-3.5-3.5h-6A3.5 3.5 0 0 0 3 17.5V19M9.5 10.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M21 19v-1.5a3.5 3.5 0 0 0-2.6-3.4M15.5 3.7a3.5 3.5 0 0 1 0 6.7',
  activity: 'M3 12h4l3 8 4-16 3 8h4',
  why: 'M9.2 9a3 3 0 1 1 4.6 2.5c-1 .7-1.8 1.2-1.8 2.5M12 17.5v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18',
  audit: 'M8 4h11v16H5V7zM8 4v3H5M9 11h6M9 15h6',
  messages: 'M3 5.5h18v13H3zM3.5 6l8.5 7 8.5-7',
  events: 'M13 3 5 14h6l-1 7 8-11h-6z',
  limits: 'M4 18a9 9 0 1 1 16 0M12 14l4-5',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4M9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
  keys: 'M15 9a5 5 0 1 0-4.6 5L12 15.5h2v2h2v2h4v-3l-5.3-5.3A5 5 0 0 0 15 9M9 8.5v.1',
  providers: 'M9 15l6-6M10.5 6.5l1-1a4.2 4.2 0 0 1 6 6l-1 1M13.5 17.5l-1 1a4.2 4.2 0 0 1-6-6l1-1',
  templates: 'M4 4h16v16H4zM4 9h16M10 9v11',
  health: 'M12 20s-8-4.6-8-10.4A4.4 4.4 0 0 1 12 7a4.4 4.4 0 0 1 8 2.6C20 15.4 12 20 12 20',
  menu: 'M4 7h16M4 12h16M4 17h16',
  theme: 'M12 3v18M12 3a9 9 0 0 1 0 18M12 3a9 9 0 0 0 0 18',
  out: 'M14 4h5v16h-5M4 12h10M10 8l4 4-4 4',
  back: 'M14 6l-6 6 6 6',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16.5 16.5 21 21',
  close: 'M6 6l12 12M18 6 6 18',
}

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${ICONS[name]} /></svg>
`

// ---- Text ----

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const ago = (value) => relativeTime(value, relative)

/**
 * @param value RFC 3339, or Unix milliseconds
 * @param isShort only how long ago, as in tables; the date is in its title
 */
export function Time({ value, isShort = false, none = '–' }) {
  if (value === undefined || value === null || value === '') return html`<span class="muted">${none}</span>`
  const date = new Date(value)
  if (Number.isNaN(date.getTime())) return String(value)
  const text = dates.format(date)
  return html`<time datetime=${date.toISOString()} title=${text}>${
    isShort ? ago(date) : html`${text} <span class="muted">(${ago(date)})</span>`
  }</time>`
}

/** @param tone `ok`, `warn`, `bad`, `info`, or nothing */
export const Badge = ({ tone = '', children }) => html`<span class=${`badge ${tone}`}>${children}</span>`

export const Code = ({ children }) => html`<code>${children}</code>`

export function CopyButton({ text, label = 'Copy' }) {
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return undefined
    const timer = setTimeout(() => setDone(false), 2000)
    return () => clearTimeout(timer)
  }, [done])
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setDone(true),
      () => toast('Copying needs HTTPS or localhost. Select the text instead.', 'bad'),
    )
  return html`<button type="button" class="small" onClick=${copy}>${done ? 'Copied' : label}</button>`
}

// ---- Messages ----

const toasts = new Set()
let serial = 0

/** Shows a short message, which screen readers announce. @param tone `ok` or `bad` */
export function toast(text, tone = 'ok') {
  for (const show of toasts) show({ id: ++serial, text, tone })
}

/** What went wrong, with the id that the page "Why" explains. */
const failureText = (error) => (error?.status === undefined ? String(error?.message ?? error) : error.message)
export const toastError = (error) => toast(failureText(error), 'bad')

export function Toasts() {
  const [shown, setShown] = useState([])
  useEffect(() => {
    const show = (entry) => {
      setShown((before) => [...before.slice(-2), entry])
      setTimeout(() => setShown((before) => before.filter(({ id }) => id !== entry.id)), 6000)
    }
    toasts.add(show)
    return () => toasts.delete(show)
  }, [])
  return html`<div class="toasts" role="status" aria-live="polite">
    ${shown.map(({ id, text, tone }) => html`<p key=${id} class=${`toast ${tone}`}>${text}</p>`)}
  </div>`
}

export function Failure({ error, retry }) {
  return html`<div class="notice bad" role="alert">
    <p><strong>${failureText(error)}</strong>${error.code && html` <code>${error.code}</code>`}</p>
    ${
      error.requestId &&
      html`<p class="muted">
        Request id <a href=${`#/why/${encodeURIComponent(error.requestId)}`}>${error.requestId}</a>
      </p>`
    }
    ${retry && html`<p><button type="button" onClick=${retry}>Try again</button></p>`}
  </div>`
}

export const Notice = ({ tone = 'info', children }) => html`<div class=${`notice ${tone}`}>${children}</div>`
export const Empty = ({ children }) => html`<p class="empty">${children}</p>`

// ---- Data ----

/**
 * A list that is loaded in pages, with `cursor` and `next_cursor`.
 * @param query the parameters besides the cursor
 * @returns the state of the first page, all items so far, and the button for more
 */
export function useMore(path, query) {
  const state = useLoad((signal) => get(path, query, signal), [path, JSON.stringify(query)])
  const [pages, setPages] = useState([])
  const [isBusy, run] = useAction()
  useEffect(() => setPages([]), [state.data])
  const next = (pages.at(-1) ?? state.data)?.next_cursor
  const items = [state.data, ...pages].flatMap((page) => page?.items ?? [])
  const load = () =>
    run(async () => {
      const page = await get(path, { ...query, cursor: next })
      setPages((before) => [...before, page])
    })
  const more =
    next &&
    html`<p class="pager">
      <span>${items.length.toLocaleString()} shown</span>
      <button type="button" disabled=${isBusy} onClick=${load}>${items.length === 0 ? 'Search further' : 'Show more'}</button>
    </p>`
  return { state, items, more }
}

/** Shows what `useLoad` returned. @param children a function of the data */
export function Loaded({ state, children }) {
  const { data, error, isLoading, reload } = state
  if (error) return html`<${Failure} error=${error} retry=${reload} />`
  if (data === undefined) return html`<p class="loading" role="status">Loading…</p>`
  return html`<div aria-busy=${isLoading ? 'true' : 'false'}>${children(data)}</div>`
}

/**
 * A table; on a phone each row becomes a card.
 * @param columns `{ name, cell(row), isMain?, isNumber? }`
 * @param rowKey names a row
 */
export function Table({ caption, columns, rows, rowKey, empty = 'Nothing here.' }) {
  if (rows.length === 0) return html`<${Empty}>${empty}<//>`
  const step = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!by || !event.target.matches('.main-cell a, .main-cell button')) return
    const targets = [...event.currentTarget.querySelectorAll('.main-cell a, .main-cell button')]
    const next = targets[targets.indexOf(event.target) + by]
    if (!next) return
    event.preventDefault()
    next.focus()
  }
  return html`<div class="table" onKeyDown=${step}>
    <table>
      <caption class="visually-hidden">${caption}</caption>
      <thead><tr>${columns.map(({ name, isNumber }) => html`<th scope="col" class=${isNumber ? 'number' : ''}>${name || html`<span class="visually-hidden">Actions</span>`}</th>`)}</tr></thead>
      <tbody>
        ${rows.map(
          (row, index) => html`<tr key=${rowKey ? rowKey(row) : index}>
            ${columns.map(
              ({ name, cell, isMain, isNumber }) =>
                html`<td data-label=${name} class=${`${isMain ? 'main-cell' : ''} ${isNumber ? 'number' : ''} ${name ? '' : 'actions'}`}><div>${cell(row)}</div></td>`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** Pairs of a name and a value; pairs without a value are omitted. */
export const Facts = ({ pairs }) => html`<dl class="facts">
  ${pairs
    .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`

export function Pager({ page, perPage, total, href }) {
  const last = Math.max(1, Math.ceil(total / perPage))
  if (last === 1) return null
  const link = (to, text, isPossible) =>
    isPossible
      ? html`<a class="button" href=${href(to)}>${text}</a>`
      : html`<span class="button" aria-disabled="true">${text}</span>`
  return html`<nav class="pager" aria-label="Pages">
    ${link(page - 1, 'Previous', page > 1)}
    <span>Page ${page.toLocaleString()} of ${last.toLocaleString()}</span>
    ${link(page + 1, 'Next', page < last)}
  </nav>`
}

// ---- Layout ----

export function View({ title, intro, actions, back, children }) {
  useEffect(() => {
    document.title = `${title} · Latchkey`
  }, [title])
  return html`
    <header class="view-head">
      <div>
        ${back && html`<p class="back"><a class="back-link" href=${back.href}><${Icon} name="back" />${back.text}</a></p>`}
        <h1 tabindex="-1">${title}</h1>
        ${intro && html`<p class="muted">${intro}</p>`}
      </div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </header>
    ${children}
  `
}

export const Card = ({ title, actions, children, id }) => html`<section class="card" aria-labelledby=${id}>
  <header class="card-head"><h2 id=${id}>${title}</h2>${actions && html`<div class="actions">${actions}</div>`}</header>
  ${children}
</section>`

/** Runs one action at a time; its failure becomes a message. */
export function useAction() {
  const [isBusy, setBusy] = useState(false)
  const run = async (action) => {
    if (isBusy) return undefined
    setBusy(true)
    try {
      return await action()
    } catch (error) {
      toastError(error)
      return undefined
    } finally {
      setBusy(false)
    }
  }
  return [isBusy, run]
}

// ---- Forms ----

/**
 * @param type of the input; `select`, `json` and `textarea` are others
 * @param initial the value at first; `value` instead keeps the field at a value
 */
export function Field({ label, hint, error, type = 'text', options, initial, children, ...rest }) {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined
  const common = { id, 'aria-describedby': described, 'aria-invalid': error ? 'true' : undefined, ...rest }
  if (type === 'checkbox')
    return html`<div class="field">
      <label class="check"><input type="checkbox" defaultChecked=${initial} ...${common} /> <span>${label}</span></label>
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    </div>`
  const inputs = {
    select: () =>
      html`<select ...${common}>${options.map(([value, text]) => html`<option value=${value} selected=${initial === undefined ? undefined : value === initial}>${text}</option>`)}</select>`,
    json: () =>
      html`<textarea class="code" rows="8" spellcheck="false" autocapitalize="off" defaultValue=${initial} ...${common} />`,
    textarea: () => html`<textarea rows="4" defaultValue=${initial} ...${common} />`,
  }
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${(inputs[type] ?? (() => html`<input type=${type} defaultValue=${initial} ...${common} />`))()}
    ${children}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="hint bad" id=${`${id}-error`} role="alert">${error}</p>`}
  </div>`
}

/** The fields of a form, by name; a checkbox is true or false. */
export function valuesOf(form) {
  const values = {}
  for (const element of form.elements) {
    if (!element.name) continue
    if (element.type === 'checkbox') values[element.name] = element.checked
    else values[element.name] = element.value
  }
  return values
}

/** @returns the JSON object in a text @throws if it is none */
export function parseObject(text, name) {
  let value
  try {
    value = JSON.parse(text.trim() === '' ? '{}' : text)
  } catch (error) {
    throw new Error(`${name}: ${error.message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} must be a JSON object, such as {"plan": "pro"}.`)
  return value
}

// ---- Dialogs ----

/**
 * A dialog with a form. The browser keeps the focus inside, closes it with Escape, and gives the focus back.
 * @param onSubmit gets the values of the fields; the dialog closes unless it throws
 */
export function Dialog({ title, children, submit = 'Save', isDangerous, onSubmit, onClose, isWide }) {
  const dialog = useRef()
  const id = useId()
  const [error, setError] = useState()
  const [isBusy, setBusy] = useState(false)
  useLayoutEffect(() => {
    const opener = document.activeElement
    dialog.current.showModal()
    const first = (selector) => dialog.current.querySelector(selector)
    const field = first('[autofocus]') ?? first('input:not([type=checkbox]), textarea, select')
    field?.focus()
    return () => opener?.isConnected && opener.focus()
  }, [])
  const run = async (event) => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    setError(undefined)
    try {
      await onSubmit(valuesOf(event.target))
      dialog.current?.close()
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  return html`<dialog ref=${dialog} aria-labelledby=${id} class=${isWide ? 'wide' : ''} onClose=${onClose}>
    <form onSubmit=${run} novalidate>
      <header class="card-head">
        <h2 id=${id}>${title}</h2>
        <button type="button" class="plain" aria-label="Close" onClick=${() => dialog.current.close()}><${Icon} name="close" /></button>
      </header>
      ${children}
      ${error && html`<div class="notice bad" role="alert"><p>${failureText(error)}</p></div>`}
      <div class="actions end">
        <button type="button" onClick=${() => dialog.current.close()}>${onSubmit ? 'Cancel' : 'Close'}</button>
        ${onSubmit && html`<button class=${isDangerous ? 'danger' : 'primary'} disabled=${isBusy}>${submit}</button>`}
      </div>
    </form>
  </dialog>`
}

/**
 * Asks before what cannot be undone.
 * @param typed a text that must be typed first
 */
export function Confirm({ title, text, action, typed, onConfirm, onClose }) {
  return html`<${Dialog}
    title=${title}
    submit=${action}
    isDangerous
    onClose=${onClose}
    onSubmit=${async ({ typed: given }) => {
      if (typed !== undefined && given.trim() !== typed) throw new Error(`Type ${typed} to confirm.`)
      await onConfirm()
    }}
  >
    <p>${text}</p>
    ${typed !== undefined && html`<${Field} label=${`Type ${typed} to confirm`} name="typed" autocomplete="off" autofocus />`}
  <//>`
}

/** One dialog at a time. @returns the open dialog, and a function that opens one: `open((close) => html…)` */
export function useDialog() {
  const [content, setContent] = useState()
  return [content?.(() => setContent(undefined)), (make) => setContent(() => make)]
}

/** Buttons that open below one; arrow keys move in it. */
export function Menu({ label, items }) {
  const box = useRef()
  const close = () => {
    box.current.open = false
    box.current.querySelector('summary').focus()
  }
  const move = (event) => {
    if (event.key === 'Escape' && box.current.open) {
      event.preventDefault()
      close()
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!by || !box.current.open) return
    event.preventDefault()
    const buttons = [...box.current.querySelectorAll('.menu button')]
    const at = buttons.indexOf(document.activeElement) + by
    buttons[(at + buttons.length) % buttons.length]?.focus()
  }
  useEffect(() => {
    const outside = ({ target }) => {
      if (!box.current?.contains(target)) box.current.open = false
    }
    document.addEventListener('click', outside)
    document.addEventListener('focusin', outside)
    return () => {
      document.removeEventListener('click', outside)
      document.removeEventListener('focusin', outside)
    }
  }, [])
  return html`<details class="menu-box" ref=${box} onKeyDown=${move}>
    <summary class="button">${label}</summary>
    <div class="menu">
      ${items.map(
        ({ text, isDangerous, run }) =>
          html`<button type="button" class=${`plain ${isDangerous ? 'bad' : ''}`} onClick=${() => {
            close()
            run()
          }}>${text}</button>`,
      )}
    </div>
  </details>`
}
