/** The settings in force, and where each comes from. */
import { get } from './api.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { go, hashOf, read } from './route.js'
import { Badge, Card, Code, Field, Loaded, Table, View } from './ui.js'

const SHOWN = [
  ['', 'All'],
  ['set', 'Set by you'],
]

const shownValue = ({ value, is_secret: isSecret }) => {
  if (value === null || value === undefined || value === '')
    return html`<span class="muted">${isSecret ? 'not set' : '–'}</span>`
  return html`<${Code}>${typeof value === 'object' ? JSON.stringify(value) : String(value)}<//>`
}

export function SettingsView({ route: { query } }) {
  const state = useLoad((signal) => get('/admin/settings', undefined, signal), [])
  const change = (name, value) => go(hashOf('/settings', { ...read().query, [name]: value }), { replace: true })
  const wanted = (query.q ?? '').toLowerCase()
  const isShown = ({ name, description, is_default: isDefault }) =>
    (query.shown !== 'set' || !isDefault) && `${name} ${description}`.toLowerCase().includes(wanted)
  return html`<${View} title="Settings" intro="In force since the start of the server. They are changed in its environment or its settings file.">
    <search class="filters">
      <div class="grow"><${Field} label="Search" type="search" initial=${query.q ?? ''} onInput=${({ target }) => change('q', target.value)} autocomplete="off" spellcheck="false" /></div>
      <${Field} label="Show" type="select" options=${SHOWN} value=${query.shown ?? ''} onChange=${({ target }) => change('shown', target.value)} />
    </search>
    <${Loaded} state=${state}>${({ items }) => {
      const shown = items.filter(isShown)
      const areas = [...new Set(shown.map(({ area }) => area))]
      return areas.length === 0
        ? html`<p class="empty">No setting matches.</p>`
        : areas.map(
            (area) => html`<${Card} key=${area} id=${`area-${area}`} title=${area}>
              <${Table}
                caption=${area}
                rows=${shown.filter((each) => each.area === area)}
                rowKey=${({ name }) => name}
                columns=${[
                  {
                    name: 'Setting',
                    isMain: true,
                    cell: ({ name, description }) =>
                      html`<div><${Code}>${name}<//></div><div class="muted small-text">${description}</div>`,
                  },
                  {
                    name: 'Value',
                    cell: (setting) =>
                      html`${shownValue(setting)}${setting.unit && setting.value !== null && html` <span class="muted small-text">${setting.unit}</span>`}`,
                  },
                  {
                    name: 'From',
                    cell: ({ origin, is_default: isDefault }) =>
                      isDefault ? html`<span class="muted">default</span>` : html`<${Badge} tone="info">${origin}<//>`,
                  },
                ]}
              />
            <//>`,
          )
    }}<//>
  <//>`
}
