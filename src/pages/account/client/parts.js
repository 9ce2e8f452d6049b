/** Parts of the views of an account. */
import { t } from './i18n.js'
import { html, useEffect, useId, useState } from './lib.js'
import { Dialog, Icon } from './ui.js'

/** @param title of the view @param intro a sentence below it */
export const Head = ({ title, intro }) => html`<header class="view-head">
  <h1>${title}</h1>
  ${intro && html`<p class="muted">${intro}</p>`}
</header>`

/** @param title of the section; without one, it needs no heading */
export function Section({ title, text, actions, children, isDangerous }) {
  const id = useId()
  return html`<section class=${`section ${isDangerous ? 'dangerous' : ''}`} aria-labelledby=${title && id}>
    ${
      title &&
      html`<header>
        <h2 id=${id}>${title}</h2>
        ${actions && html`<div class="actions">${actions}</div>`}
      </header>`
    }
    ${text && html`<p class="muted">${text}</p>`}
    ${children}
  </section>`
}

export const Rows = ({ label, children }) => html`<ul class="rows" aria-label=${label}>${children}</ul>`

/** @param lines below the title; empty ones are left out */
export const Row = ({ title, badge, lines = [], actions }) => html`<li class="row">
  <div class="row-text">
    <p class="row-title"><span>${title}</span>${badge}</p>
    ${lines.filter(Boolean).map((line) => html`<p class="muted small">${line}</p>`)}
  </div>
  ${actions && html`<div class="actions">${actions}</div>`}
</li>`

/** A row that leads to a view. @param line below the title */
export const LinkRow = ({ title, badge, line, href }) => html`<li>
  <a class="row" href=${href}>
    <div class="row-text">
      <p class="row-title"><span>${title}</span>${badge}</p>
      <p class="muted small">${line}</p>
    </div>
    <${Icon} name="next" />
  </a>
</li>`

/** @param tone `ok`, `warn` or nothing */
export const Badge = ({ tone = '', children }) => html`<span class=${`badge ${tone}`}>${children}</span>`

/** A button of a row; `about` tells it apart from those of other rows. */
export const RowButton = ({ about, children, ...rest }) => html`<button type="button" class="small" ...${rest}>
  ${children}<span class="visually-hidden"> ${about}</span>
</button>`

export function CopyButton({ text, label }) {
  const [isDone, setDone] = useState(false)
  const [isRefused, setRefused] = useState(false)
  useEffect(() => {
    if (!isDone) return undefined
    const timer = setTimeout(() => setDone(false), 2000)
    return () => clearTimeout(timer)
  }, [isDone])
  // Browsers have a clipboard in secure contexts only: over HTTPS, or on this machine.
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setDone(true)
    } catch {
      setRefused(true)
    }
  }
  if (isRefused) return html`<p class="small" role="alert">${t('self.copyFailed')}</p>`
  return html`<button type="button" class="small" onClick=${copy}>
    <span aria-live="polite">${isDone ? t('self.copied') : label}</span>
  </button>`
}

/** One dialog at a time. @returns the open dialog, and a function that opens one: `open((close) => html…)` */
export function useDialog() {
  const [content, setContent] = useState()
  return [content?.(() => setContent(undefined)), (make) => setContent(() => make)]
}

/** Asks before what cannot be undone. The button that does nothing has the focus first. */
export const Confirm = ({
  title,
  text,
  action,
  onConfirm,
  onClose,
}) => html`<${Dialog} title=${title} submit=${action} isDangerous onSubmit=${onConfirm} onClose=${onClose}>
  <p>${text}</p>
<//>`
