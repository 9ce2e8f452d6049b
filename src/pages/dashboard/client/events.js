/** Events of accounts for the operator's server, and calls of hooks: what is pending, delivered and failed. */
import { post } from './api.js'
import { html } from './lib.js'
import { go, hashOf, read } from './route.js'
import { Badge, Code, Field, Loaded, Table, Time, toast, useAction, useMore, View } from './ui.js'

const STATES = { pending: ['warn', 'Pending'], delivered: ['ok', 'Delivered'], failed: ['bad', 'Failed'] }

const badge = (state) => {
  const [tone, text] = STATES[state] ?? ['', state]
  return html`<${Badge} tone=${tone}>${text}<//>`
}

export function EventsView({ route: { query } }) {
  const { state, items, more } = useMore('/admin/events', query)
  const [isBusy, run] = useAction()
  const change = (name, value) => go(hashOf('/events', { ...read().query, [name]: value.trim() }))
  const replay = ({ id }) =>
    run(async () => {
      await post(`/admin/events/${encodeURIComponent(id)}/replay`)
      toast('The event will be sent again.')
      state.reload()
    })
  return html`<${View} title="Events" intro="What is sent to your server when an account changes. See AUTH_EVENTS_URL and AUTH_HOOK_….">
    <search class="filters">
      <${Field} label="State" type="select" options=${[['', 'Any'], ...Object.entries(STATES).map(([value, [, text]]) => [value, text])]} value=${query.state ?? ''} onChange=${({ target }) => change('state', target.value)} />
      ${[
        ['type', 'Type', 'user.created'],
        ['user_id', 'User id', 'UUID'],
      ].map(
        ([name, label, placeholder]) =>
          html`<${Field} key=${`${name}${query[name] ?? ''}`} label=${label} type="search" initial=${query[name] ?? ''} placeholder=${placeholder} onChange=${({ target }) => change(name, target.value)} autocomplete="off" spellcheck="false" />`,
      )}
    </search>
    <${Loaded} state=${state}>${() => html`<${Table}
      caption="Events"
      rows=${items}
      rowKey=${({ id }) => id}
      empty="No events."
      columns=${[
        { name: 'Type', cell: ({ type }) => html`<${Code}>${type}<//>` },
        {
          name: 'User',
          cell: ({ user_id: id }) => html`<a href=${`#/users/${id}`} aria-label=${`User ${id}`}>${id.slice(0, 8)}…</a>`,
        },
        { name: 'To', cell: ({ destination }) => destination.replaceAll('_', ' ') },
        {
          name: 'State',
          cell: ({ state: each, error }) =>
            html`${badge(each)}${error && html`<div class="small-text muted">${error}</div>`}`,
        },
        { name: 'Attempts', isNumber: true, cell: ({ attempts }) => attempts },
        { name: 'Created', cell: ({ created_at: at }) => html`<${Time} value=${at} isShort />` },
        {
          name: 'Delivered',
          cell: ({ delivered_at: at, next_attempt_at: next, state: each }) =>
            each === 'pending' && next
              ? html`next try <${Time} value=${next} isShort />`
              : html`<${Time} value=${at} isShort />`,
        },
        {
          name: '',
          cell: (event) =>
            html`<button type="button" class="small" disabled=${isBusy} onClick=${() => replay(event)}>${event.state === 'delivered' ? 'Send again' : 'Retry'}</button>`,
        },
      ]}
    />`}<//>
    ${more}
  <//>`
}
