/** Mails and SMS: what is queued, sent and failed. */
import { post } from './api.js'
import { html } from './lib.js'
import { go, hashOf, read } from './route.js'
import { Badge, Field, Loaded, Table, Time, toast, useAction, useMore, View } from './ui.js'

const STATES = {
  queued: ['warn', 'Queued'],
  sent: ['ok', 'Sent'],
  failed: ['bad', 'Failed'],
  kept: ['info', 'In the mailbox'],
}

const badge = (state) => {
  const [tone, text] = STATES[state] ?? ['', state]
  return html`<${Badge} tone=${tone}>${text}<//>`
}

export function MessagesView({ route: { query } }) {
  const { state, items, more } = useMore('/admin/messages', query)
  const [isBusy, run] = useAction()
  const change = (name, value) => go(hashOf('/messages', { ...read().query, [name]: value.trim() }))
  const retry = ({ id }) =>
    run(async () => {
      await post(`/admin/messages/${id}/retry`)
      toast('The message is queued again.')
      state.reload()
    })
  return html`<${View} title="Messages" intro="Mails and SMS of this server. Their texts are not shown, since they contain links and codes.">
    ${
      state.data &&
      html`<dl class="stats">${Object.entries(state.data.counts).map(([name, count]) => html`<div class="stat" key=${name}><dt>${STATES[name]?.[1] ?? name}</dt><dd>${count.toLocaleString()}${count >= 10_000 ? '+' : ''}</dd></div>`)}</dl>`
    }
    <search class="filters">
      <${Field} label="State" type="select" options=${[['', 'Any'], ...Object.entries(STATES).map(([value, [, text]]) => [value, text])]} value=${query.state ?? ''} onChange=${({ target }) => change('state', target.value)} />
      <div class="grow"><${Field} key=${query.recipient ?? ''} label="Recipient" type="search" initial=${query.recipient ?? ''} onChange=${({ target }) => change('recipient', target.value)} autocomplete="off" spellcheck="false" /></div>
    </search>
    <${Loaded} state=${state}>${() => html`<${Table}
      caption="Messages"
      rows=${items}
      rowKey=${({ id }) => id}
      empty="No messages."
      columns=${[
        { name: 'Recipient', isMain: true, cell: ({ recipient }) => recipient },
        {
          name: 'Kind',
          cell: ({ template, channel }) =>
            `${String(template).replaceAll('_', ' ')}${channel === 'sms' ? ' (SMS)' : ''}`,
        },
        {
          name: 'State',
          cell: ({ state: each, error }) =>
            html`${badge(each)}${error && html`<div class="small-text muted">${error}</div>`}`,
        },
        { name: 'Attempts', isNumber: true, cell: ({ attempts }) => attempts },
        { name: 'Created', cell: ({ created_at: at }) => html`<${Time} value=${at} isShort />` },
        {
          name: 'Sent',
          cell: ({ sent_at: sent, next_attempt_at: next, state: each }) =>
            each === 'queued' && next
              ? html`next try <${Time} value=${next} isShort />`
              : html`<${Time} value=${sent} isShort />`,
        },
        {
          name: '',
          cell: (message) =>
            (message.state === 'failed' || message.state === 'queued') &&
            html`<button type="button" class="small" disabled=${isBusy} onClick=${() => retry(message)}>Retry</button>`,
        },
      ]}
    />`}<//>
    ${more}
  <//>`
}
