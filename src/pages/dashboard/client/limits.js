/** Rate limits that refuse requests at the moment. */
import { del, get } from './api.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { Code, Loaded, Table, Time, toast, useAction, View } from './ui.js'

export function LimitsView() {
  const state = useLoad((signal) => get('/admin/limits', undefined, signal), [])
  const [isBusy, run] = useAction()
  const reset = ({ key }) =>
    run(async () => {
      await del(`/admin/limits/${encodeURIComponent(key)}`)
      toast('The limit has been reset.')
      state.reload()
    })
  return html`<${View}
    title="Rate limits"
    intro="Limits that refuse requests now, as far as this server has enforced them."
    actions=${html`<button type="button" onClick=${state.reload}>Reload</button>`}
  >
    <${Loaded} state=${state}>${({ items }) => html`<${Table}
      caption="Rate limits"
      rows=${items}
      rowKey=${({ key }) => key}
      empty="No limit is hit."
      columns=${[
        {
          name: 'Limit',
          isMain: true,
          cell: ({ rule, setting }) =>
            html`<div>${String(rule).replaceAll('_', ' ')}</div>${setting && html`<${Code}>${setting}<//>`}`,
        },
        {
          name: 'For',
          cell: ({ subject, subject_kind: kind }) =>
            kind === 'account' && subject
              ? html`<a href=${`#/users/${subject}`}>${subject}</a>`
              : subject || { server: 'the whole server', unknown: 'an identifier without an account' }[kind] || '–',
        },
        { name: 'Until', cell: ({ until }) => html`<${Time} value=${until} />` },
        {
          name: '',
          cell: (limit) =>
            html`<button type="button" class="small" disabled=${isBusy} onClick=${() => reset(limit)}>Reset</button>`,
        },
      ]}
    />`}<//>
  <//>`
}
