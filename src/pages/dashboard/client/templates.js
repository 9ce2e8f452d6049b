/** Mail templates with sample data. */
import { get } from './api.js'
import { ROOT } from './http.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { go, hashOf, read } from './route.js'
import { Card, Empty, Facts, Field, Loaded, View } from './ui.js'

export function TemplatesView({ route: { query } }) {
  const list = useLoad((signal) => get('/admin/mail-templates', undefined, signal), [])
  const change = (name, value) => go(hashOf('/templates', { ...read().query, [name]: value }))
  return html`<${View} title="Mail templates" intro="As they are sent, with sample data.">
    <${Loaded} state=${list}>${({ items, locales }) => {
      const name = query.name ?? items[0]?.name
      const locale = query.locale ?? (locales.includes('en') ? 'en' : locales[0])
      if (name === undefined) return html`<${Empty}>No templates.<//>`
      return html`
        <search class="filters">
          <${Field} label="Template" type="select" options=${items.map((item) => [item.name, item.name.replaceAll('_', ' ')])} value=${name} onChange=${({ target }) => change('name', target.value)} />
          <${Field} label="Language" type="select" options=${locales.map((each) => [each, each])} value=${locale} onChange=${({ target }) => change('locale', target.value)} />
        </search>
        <${Preview} key=${`${name}/${locale}`} name=${name} locale=${locale} />
      `
    }}<//>
  <//>`
}

function Preview({ name, locale }) {
  const state = useLoad(
    (signal) => get(`/admin/mail-templates/${encodeURIComponent(name)}/preview`, { locale }, signal),
    [name, locale],
  )
  return html`<${Loaded} state=${state}>${(preview) => html`
    <${Card} id="preview" title="Preview">
      <${Facts} pairs=${[['Subject', preview.subject]]} />
      <${MailFrame} source=${preview.html} />
    <//>
    <${Card} id="text" title="As text"><pre class="block" tabindex="0" aria-labelledby="text">${preview.text}</pre><//>
  `}<//>`
}

/** A mail in a page with a policy of its own: without scripts, and nothing is loaded from elsewhere. */
function MailFrame({ source }) {
  const show = ({ target }) => target.contentWindow.postMessage(source, '*')
  return html`<iframe class="preview" src=${`${ROOT}dashboard/mail`} sandbox="allow-scripts" onLoad=${show} title="The mail as HTML"></iframe>`
}
