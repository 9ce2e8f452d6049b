/** The audit log. */
import { request } from './api.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { go, hashOf, read } from './route.js'
import { Dialog, Facts, Field, Loaded, Pager, Table, Time, useDialog, View } from './ui.js'

const PER_PAGE = 50

/** A short text for what an entry is about; all of it is in its dialog. */
function detailOf({ payload: { traits = {} } }) {
  const { user_email: email, user_phone: phone, provider, changed, role } = traits
  return [email || phone, provider, role, Array.isArray(changed) ? changed.join(', ') : changed]
    .filter((each) => typeof each === 'string' && each !== '')
    .join(' · ')
}

const actorOf = ({ payload }) => payload.actor_username || payload.actor_id || ''

export function AuditTable({ entries }) {
  const [dialog, open] = useDialog()
  const show = (entry) =>
    open(
      (close) => html`<${Dialog} title=${String(entry.payload.action)} isWide onClose=${close}>
      <${Facts} pairs=${[
        ['When', html`<${Time} value=${entry.created_at} />`],
        ['Who', actorOf(entry)],
        ['Address', entry.ip_address],
        [
          'Request id',
          entry.payload.request_id &&
            html`<a href=${`#/why/${encodeURIComponent(entry.payload.request_id)}`}>${entry.payload.request_id}</a>`,
        ],
      ]} />
      <pre class="block" tabindex="0" aria-label="The entry">${JSON.stringify(entry.payload, null, 2)}</pre>
    <//>`,
    )
  return html`<${Table}
    caption="Audit log"
    rows=${entries}
    rowKey=${({ id }) => id}
    empty="No entries."
    columns=${[
      {
        name: 'Action',
        isMain: true,
        cell: (entry) =>
          html`<button type="button" class="plain small link" onClick=${() => show(entry)}>${String(entry.payload.action).replaceAll('_', ' ')}</button>`,
      },
      { name: 'Who', cell: actorOf },
      { name: 'Details', cell: detailOf },
      { name: 'Address', cell: ({ ip_address: ip }) => ip },
      { name: 'When', cell: ({ created_at: at }) => html`<${Time} value=${at} isShort />` },
    ]}
  />${dialog}`
}

export function AuditView({ route: { query } }) {
  const page = Math.max(1, Number(query.page) || 1)
  const state = useLoad(
    async (signal) => {
      const { data, headers } = await request('GET', '/admin/audit', {
        query: {
          page,
          per_page: PER_PAGE,
          user_id: query.user_id,
          action: query.action,
          ip: query.ip,
          request_id: query.request_id,
        },
        signal,
      })
      return { entries: data, total: Number(headers.get('x-total-count')) }
    },
    [JSON.stringify(query)],
  )
  const change = (name, value) => go(hashOf('/audit', { ...read().query, page: undefined, [name]: value.trim() }))
  return html`<${View} title="Audit log" intro="What users and administrators did, newest first.">
    <search class="filters">
      ${[
        ['action', 'Action', 'login'],
        ['user_id', 'User id', 'UUID'],
        ['ip', 'Address', '203.0.113.7'],
        ['request_id', 'Request id', ''],
      ].map(
        ([name, label, placeholder]) =>
          html`<${Field} key=${`${name}${query[name] ?? ''}`} label=${label} type="search" initial=${query[name] ?? ''} placeholder=${placeholder} onChange=${({ target }) => change(name, target.value)} spellcheck="false" autocomplete="off" />`,
      )}
    </search>
    <${Loaded} state=${state}>${({ entries, total }) => html`
      <${AuditTable} entries=${entries} />
      <${Pager} page=${page} perPage=${PER_PAGE} total=${total} href=${(to) => hashOf('/audit', { ...query, page: to })} />
    `}<//>
  <//>`
}
