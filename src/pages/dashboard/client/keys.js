/** The keys that sign access tokens, and their rotation. */
import { get, post } from './api.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { Badge, Code, Confirm, Dialog, Field, Loaded, Notice, Table, Time, toast, useDialog, View } from './ui.js'

const STATUS = {
  standby: ['info', 'Standby'],
  in_use: ['ok', 'In use'],
  previously_used: ['', 'Previously used'],
  retired: ['', 'Retired'],
  revoked: ['bad', 'Revoked'],
}

const ALGORITHMS = [
  ['ES256', 'ES256 (P-256, recommended)'],
  ['RS256', 'RS256 (RSA)'],
  ['EdDSA', 'EdDSA (Ed25519)'],
  ['HS256', 'HS256 (shared secret)'],
]

export function KeysView() {
  const state = useLoad((signal) => get('/admin/signing-keys', undefined, signal), [])
  const [dialog, open] = useDialog()
  const change = async (kid, action, body, text) => {
    await post(`/admin/signing-keys/${encodeURIComponent(kid)}/${action}`, body)
    toast(text)
    state.reload()
  }
  const create = () =>
    open(
      (close) => html`<${Dialog}
      title="New signing key"
      submit="Create"
      onClose=${close}
      onSubmit=${async ({ alg }) => {
        await post('/admin/signing-keys', { alg })
        toast('The key is on standby: applications learn it now, and it signs once you activate it.')
        state.reload()
      }}
    >
      <p>The key is published at once and signs nothing until you activate it.</p>
      <${Field} label="Algorithm" name="alg" type="select" options=${ALGORITHMS} initial="ES256" />
    <//>`,
    )
  const activate = ({ kid }) =>
    open(
      (close) => html`<${Dialog}
      title="Activate the key"
      submit="Activate"
      onClose=${close}
      onSubmit=${({ now }) => change(kid, 'activate', { now }, now ? 'The key signs now.' : 'The key signs once verifiers have it.')}
    >
      <p>New access tokens are signed with <${Code}>${kid}<//>. Tokens of the key used before stay valid until they expire.</p>
      <${Field} label="At once" name="now" type="checkbox" hint="Without it, the key waits until caches of the published keys have expired." />
    <//>`,
    )
  const revoke = ({ kid }) =>
    open(
      (close) => html`<${Confirm}
      title="Revoke the key"
      text=${`All access tokens signed with ${kid} are refused at once; their users refresh them without signing in again. This cannot be undone.`}
      action="Revoke"
      typed="revoke"
      onConfirm=${() => change(kid, 'revoke', undefined, 'The key is revoked.')}
      onClose=${close}
    />`,
    )
  const isFixed = state.data?.managed_in === 'settings'
  return html`<${View}
    title="Signing keys"
    intro="They sign access tokens. Applications verify them with the published keys."
    actions=${state.data && !isFixed && html`<button type="button" class="primary" onClick=${create}>New key</button>`}
  >
    <${Loaded} state=${state}>${({ items }) => html`
      ${isFixed && html`<${Notice}>The keys come from the setting AUTH_JWT_KEYS and are changed there.<//>`}
      <${Table}
        caption="Signing keys"
        rows=${items}
        rowKey=${({ kid }) => kid}
        empty="Access tokens are signed with the shared secret AUTH_JWT_SECRET. Create a key to rotate to published keys."
        columns=${[
          { name: 'Key', isMain: true, cell: ({ kid }) => html`<${Code}>${kid}<//>` },
          { name: 'Algorithm', cell: ({ alg }) => alg },
          {
            name: 'Status',
            cell: ({ status }) => html`<${Badge} tone=${STATUS[status]?.[0]}>${STATUS[status]?.[1] ?? status}<//>`,
          },
          { name: 'Created', cell: ({ created_at: at }) => html`<${Time} value=${at} isShort />` },
          { name: 'Signs from', cell: ({ signs_from: at }) => html`<${Time} value=${at} isShort />` },
          { name: 'Verifies until', cell: ({ verifies_until: at }) => html`<${Time} value=${at} isShort />` },
          {
            name: '',
            cell: (key) =>
              !isFixed &&
              html`<span class="badges">
                ${key.status === 'standby' && html`<button type="button" class="small" onClick=${() => activate(key)}>Activate</button>`}
                ${(key.status === 'standby' || key.status === 'previously_used') && html`<button type="button" class="small bad" onClick=${() => revoke(key)}>Revoke</button>`}
              </span>`,
          },
        ]}
      />
    `}<//>
    ${dialog}
  <//>`
}
