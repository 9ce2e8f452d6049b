/** “Why was I refused?”: from a request id to the reason, the account and the audit entries around it. */
import { get } from './api.js'
import { AuditTable } from './audit.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { go, hashOf, read } from './route.js'
import { Badge, Card, Code, Facts, Field, Loaded, Notice, Table, Time, useMore, View, valuesOf } from './ui.js'

const account = (id) => id && html`<a href=${`#/users/${id}`}>${id}</a>`
const words = (reason) => String(reason).replaceAll('_', ' ')
const tone = (status) => (status >= 500 ? 'bad' : 'warn')

export function WhyView({ route }) {
  const id = route.parts[1]
  return html`<${View}
    title="Why was it refused?"
    intro="Every answer has a request id: in its header X-Request-Id, in the log, and in error reports."
    back=${id && { href: '#/why', text: 'All refusals' }}
  >
    <form class="filters" key=${id} onSubmit=${(event) => {
      event.preventDefault()
      const { id: given } = valuesOf(event.target)
      if (given.trim() !== '') go(`#/why/${encodeURIComponent(given.trim())}`)
    }}>
      <div class="grow"><${Field} label="Request id" name="id" type="search" initial=${id ?? ''} autocomplete="off" spellcheck="false" /></div>
      <button class="primary">Explain</button>
    </form>
    ${id ? html`<${Explanation} key=${id} id=${id} />` : html`<${Refusals} query=${route.query} />`}
  <//>`
}

function Explanation({ id }) {
  const state = useLoad(
    (signal) =>
      get(`/admin/refusals/${encodeURIComponent(id)}`, undefined, signal).catch((error) =>
        error.status === 404 ? { items: [], audit: [] } : Promise.reject(error),
      ),
    [id],
  )
  return html`<${Loaded} state=${state}>${({ items, audit }) =>
    items.length === 0
      ? html`<${Notice}>
          <p>Nothing is known about this id. The request was not refused, or it is too long ago, or the id is of another server. Refusals appear some seconds after the answer.</p>
          <p><button type="button" onClick=${state.reload}>Look again</button></p>
        <//>`
      : html`
          ${items.map(
            (
              refusal,
              index,
            ) => html`<${Card} key=${index} id=${`refusal-${index}`} title=${words(refusal.reason)} actions=${html`<${Badge} tone=${tone(refusal.status)}>${refusal.status}<//>`}>
              ${refusal.advice && html`<${Notice}>${refusal.advice}<//>`}
              <${Facts} pairs=${[
                ['Answer', html`${refusal.message} <${Code}>${refusal.code}<//>`],
                ['Request', html`<${Code}>${refusal.method} ${refusal.route}<//>`],
                ['When', html`<${Time} value=${refusal.created_at} />`],
                ['Account', account(refusal.user_id)],
                ['Address', refusal.ip],
                [
                  'Limit',
                  refusal.limit && html`<${Code}>${refusal.limit}<//> (see <a href="#/limits">Rate limits</a>)`,
                ],
                ['Reason', html`<${Code}>${refusal.reason}<//>`],
                ['Request id', html`<${Code}>${refusal.request_id}<//>`],
              ]} />
            <//>`,
          )}
          <${Card} id="around" title="Audit log around it"><${AuditTable} entries=${audit} /><//>
        `}<//>`
}

function Refusals({ query }) {
  const { state, items, more } = useMore('/admin/refusals', query)
  const change = (name, value) => go(hashOf('/why', { ...read().query, [name]: value.trim() }))
  return html`
    <search class="filters">
      ${[
        ['reason', 'Reason'],
        ['user_id', 'User id'],
        ['ip', 'Address'],
      ].map(
        ([name, label]) =>
          html`<${Field} key=${`${name}${query[name] ?? ''}`} label=${label} type="search" initial=${query[name] ?? ''} onChange=${({ target }) => change(name, target.value)} autocomplete="off" spellcheck="false" />`,
      )}
    </search>
    <${Loaded} state=${state}>${() => html`<${Table}
      caption="Refusals"
      rows=${items}
      empty="No refusals."
      columns=${[
        {
          name: 'Reason',
          isMain: true,
          cell: (refusal) =>
            html`<a href=${`#/why/${encodeURIComponent(refusal.request_id)}`}>${words(refusal.reason)}</a>`,
        },
        { name: 'Request', cell: ({ method, route }) => html`<${Code}>${method} ${route}<//>` },
        { name: 'Status', cell: ({ status }) => html`<${Badge} tone=${tone(status)}>${status}<//>` },
        {
          name: 'Account',
          cell: ({ user_id: id }) =>
            id ? html`<a href=${`#/users/${id}`} aria-label=${`Account ${id}`}>${id.slice(0, 8)}…</a>` : '–',
        },
        { name: 'Address', cell: ({ ip }) => ip || '–' },
        { name: 'When', cell: ({ created_at: at }) => html`<${Time} value=${at} isShort />` },
      ]}
    />`}<//>
    ${more}
  `
}
