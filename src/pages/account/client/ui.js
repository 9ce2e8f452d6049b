/** Parts that all views share. Everything from the server is rendered as text, never as markup. */
import { errorText } from './errors.js'
import { ROOT } from './http.js'
import { agoText, changeLanguage, currentLanguage, dateText, languages, t } from './i18n.js'
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from './lib.js'
import { settings } from './settings.js'

const ICONS = {
  back: 'M14 6l-6 6 6 6',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  hide: 'M3 3l18 18M10.6 6.2A9.8 9.8 0 0 1 12 6c6 0 9.5 6 9.5 6a16 16 0 0 1-2.7 3.3M6.3 7.6A15.6 15.6 0 0 0 2.5 12S6 18 12 18a9.3 9.3 0 0 0 4.2-1M9.9 9.9a3 3 0 0 0 4.2 4.2',
  key: 'M15 9a5 5 0 1 0-4.6 5L12 15.5h2v2h2v2h4v-3l-5.3-5.3A5 5 0 0 0 15 9M9 8.5v.1',
  language:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M3 12h18M12 3c2.5 2.6 3.7 5.6 3.7 9S14.5 18.4 12 21c-2.5-2.6-3.7-5.6-3.7-9S9.5 5.6 12 3',
  mail: 'M3 5.5h18v13H3zM3.5 6l8.5 7 8.5-7',
  next: 'm10 6 6 6-6 6',
  out: 'M14 4h5v16h-5M4 12h10M10 8l4 4-4 4',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20.500a7.5 7.5 0 0 1 15 0',
  phone: 'M8 2.500h8v19H8zM11 18.500h2',
  show: 'M2.5 12S6 6 12 6s9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6',
}

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${ICONS[name]} /></svg>
`

export const Spinner = () =>
  html`<span class="spinner" role="status"><span class="visually-hidden">${t('common.loading')}</span></span>`

/** @param isShort only how long ago; the date is in its title */
export const Time = ({ value, isShort = false }) =>
  html`<time datetime=${value} title=${dateText(value)}>${isShort ? agoText(value) : dateText(value)}</time>`

/** How the account is called: by its address, number or name. */
export const nameOfUser = ({ email, phone, user_metadata: { username, name } }) =>
  email || (phone && `+${phone}`) || username || name || t('common.noName')

export function Brand() {
  const { name, logo_url: logo } = settings.account
  // This server may have several hosts, and the page loads nothing from another one.
  return html`<p class="brand"><img src=${`${ROOT}${logo === null ? 'favicon.svg' : 'account/logo'}`} alt="" />${name}</p>`
}

/** @param onChange is called once the texts are there */
export function LanguageSelect({ onChange }) {
  const id = useId()
  const change = async ({ target }) => {
    await changeLanguage(target.value)
    onChange()
  }
  return html`<div class="language">
    <label for=${id}><${Icon} name="language" /><span class="visually-hidden">${t('common.language')}</span></label>
    <select id=${id} onChange=${change}>
      ${languages.map(([code, name]) => html`<option value=${code} lang=${code} selected=${code === currentLanguage()}>${name}</option>`)}
    </select>
  </div>`
}

/** Sets the title of the document. */
export function useTitle(title) {
  useEffect(() => {
    document.title = `${title} · ${settings.account.name}`
  }, [title])
}

/**
 * A step on the way in. Its first field gets the focus, or its heading if there is none, so that a screen reader reads
 * it like a new page.
 */
export function Step({ title, text, children }) {
  const box = useRef()
  useTitle(title)
  useLayoutEffect(() => {
    const target = box.current.querySelector('[data-focus]') ?? box.current.querySelector('h1')
    target.focus({ preventScroll: true })
  }, [])
  return html`<div class="step" ref=${box}>
    <header>
      <h1 tabindex="-1">${title}</h1>
      ${text && html`<p class="muted">${text}</p>`}
    </header>
    ${children}
  </div>`
}

// ---- Messages ----

export const Notice = ({ tone = 'info', children }) =>
  html`<div class=${`notice ${tone}`} role=${tone === 'bad' ? 'alert' : 'status'}>${children}</div>`

/** @param error anything that was thrown */
export const Failure = ({ error }) => html`<${Notice} tone="bad">
  <p>${errorText(error)}</p>
  ${error.status >= 500 && error.requestId && html`<p class="small">${t('errors.request', { id: error.requestId })}</p>`}
<//>`

/** What happened before this view. @param problem the key of a text, or an error */
export const Before = ({ problem }) =>
  typeof problem === 'string' ? html`<${Notice}>${t(problem)}<//>` : html`<${Failure} error=${problem} />`

// ---- Data ----

/** Shows what `useLoad` returned. @param children a function of the data */
export function Loaded({ state: { data, error, isLoading, reload }, children }) {
  if (error)
    return html`<${Failure} error=${error} /><p><button type="button" onClick=${reload}>${t('common.retry')}</button></p>`
  if (data === undefined) return html`<${Spinner} />`
  return html`<div aria-busy=${isLoading ? 'true' : 'false'}>${children(data)}</div>`
}

// ---- Forms ----

/** Runs one action at a time. @returns `[isBusy, run, error, setError]` */
export function useAction() {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState()
  const running = useRef(false)
  const run = async (action) => {
    if (running.current) return undefined
    running.current = true
    setBusy(true)
    setError(undefined)
    try {
      return await action()
    } catch (problem) {
      setError(problem)
      return undefined
    } finally {
      running.current = false
      setBusy(false)
    }
  }
  return [isBusy, run, error, setError]
}

/**
 * A form with its errors: those of a field next to it, others above. The browser's own messages are off, since they are
 * in the language of the browser.
 * @param onSubmit gets the values of the fields; what it throws is shown
 * @param fieldOf the name of the field that an error is about, or undefined
 * @param extra what is shown below an error, a function of it
 * @param formRef gets the form
 * @param children a function of `{ errorOf(field), isBusy }`
 */
export function Form({ onSubmit, fieldOf = ({ field }) => field, extra, formRef, children, ...rest }) {
  const [isBusy, run, error] = useAction()
  const ownRef = useRef()
  const form = formRef ?? ownRef
  const field = error && fieldOf(error)
  useLayoutEffect(() => {
    if (!error) return
    const invalid = field !== undefined && form.current.elements.namedItem(field)
    if (invalid) invalid.focus()
  }, [error])
  const errorOf = (name) => (error && field === name ? errorText(error) : undefined)
  const submit = (event) => {
    event.preventDefault()
    run(() => onSubmit(valuesOf(form.current)))
  }
  return html`<form ref=${form} novalidate onSubmit=${submit} aria-busy=${isBusy ? 'true' : 'false'} ...${rest}>
    ${error && field === undefined && html`<${Failure} error=${error} />${extra?.(error)}`}
    ${children({ errorOf, isBusy })}
  </form>`
}

/** The fields of a form, by name; a checkbox is true or false. */
function valuesOf(form) {
  const values = {}
  for (const element of form.elements) {
    if (!element.name) continue
    if (element.type === 'checkbox') values[element.name] = element.checked
    else values[element.name] = element.value
  }
  return values
}

/** A labelled input. @param initial the value at first @param aside an element beside the label, behind the input in the order of the keyboard */
export function Field({ label, hint, error, aside, initial, type = 'text', ...rest }) {
  const id = useId()
  const [isShown, setShown] = useState(false)
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined
  const isPassword = type === 'password'
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="input">
      <input
        id=${id}
        type=${isPassword && isShown ? 'text' : type}
        defaultValue=${initial}
        aria-describedby=${described}
        aria-invalid=${error ? 'true' : undefined}
        spellcheck="false"
        autocapitalize="off"
        ...${rest}
      />
      ${
        isPassword &&
        html`<button type="button" class="plain reveal" aria-pressed=${isShown ? 'true' : 'false'} aria-label=${t('common.showPassword')} title=${t(isShown ? 'common.hidePassword' : 'common.showPassword')} onClick=${() => setShown(!isShown)}><${Icon} name=${isShown ? 'hide' : 'show'} /></button>`
      }
    </div>
    ${aside && html`<p class="aside">${aside}</p>`}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    <p class="hint bad" id=${`${id}-error`} role="alert">${error}</p>
  </div>`
}

/** The button of a form. It keeps the focus while it is busy. */
export const Submit = ({
  isBusy,
  isDangerous,
  children,
  ...rest
}) => html`<button class=${isDangerous ? 'danger' : 'primary'} aria-disabled=${isBusy ? 'true' : undefined} ...${rest}>
  <span>${children}</span>${isBusy && html`<span class="spinner" aria-hidden="true" />`}
</button>`

// ---- Dialogs ----

/**
 * A dialog with a form. The browser keeps the focus inside, closes it with Escape, and gives the focus back.
 * @param onSubmit gets the values of the fields; the dialog closes unless it throws or returns false
 * @param isModal without a way out but its button, for what is shown only once
 * @param children elements, or a function of `{ errorOf(field), isBusy }`
 */
export function Dialog({ title, children, submit, isDangerous, isModal, fieldOf, onSubmit, onClose }) {
  const dialog = useRef()
  const id = useId()
  useLayoutEffect(() => {
    const opener = document.activeElement
    dialog.current.showModal()
    const target = dialog.current.querySelector('[data-focus]') ?? dialog.current.querySelector('input')
    target?.focus()
    return () => opener?.isConnected && opener.focus()
  }, [])
  const close = () => dialog.current?.close()
  const finish = async (values) => {
    if ((await onSubmit?.(values)) !== false) close()
  }
  return html`<dialog ref=${dialog} aria-labelledby=${id} onClose=${onClose} onCancel=${(event) => isModal && event.preventDefault()}>
    <header><h2 id=${id}>${title}</h2></header>
    <${Form} onSubmit=${finish} fieldOf=${fieldOf}>
      ${(form) => html`
        ${typeof children === 'function' ? children(form) : children}
        <div class="actions end">
          ${!isModal && html`<button type="button" onClick=${close}>${t('common.cancel')}</button>`}
          <${Submit} isBusy=${form.isBusy} isDangerous=${isDangerous}>${submit}<//>
        </div>
      `}
    <//>
  </dialog>`
}
