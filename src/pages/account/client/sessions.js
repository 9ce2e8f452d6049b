/** Where the account is signed in. */
import { del, get, post } from './api.js'
import { deviceOf } from './device.js'
import { agoText, dateText, hasText, t } from './i18n.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { notify } from './notifications.js'
import { Badge, Confirm, Head, Row, RowButton, Rows, Section, useDialog } from './parts.js'
import { Loaded } from './ui.js'

export function View() {
  const state = useLoad((signal) => get('/sessions', undefined, signal))
  const [dialog, open] = useDialog()
  const end = (session) =>
    open(
      (close) => html`<${Confirm}
        title=${t('sessions.endTitle', { device: deviceText(session) })}
        text=${t('sessions.endText')}
        action=${t('sessions.end')}
        onClose=${close}
        onConfirm=${async () => {
          await del(`/sessions/${session.id}`).catch((error) => {
            // It may have ended by itself.
            if (error.status !== 404) throw error
          })
          state.reload()
          notify(t('sessions.ended'))
        }}
      />`,
    )
  const endOthers = () =>
    open(
      (close) => html`<${Confirm}
        title=${t('sessions.othersTitle')}
        text=${t('sessions.othersText')}
        action=${t('sessions.others')}
        onClose=${close}
        onConfirm=${async () => {
          await post('/logout', undefined, { scope: 'others' })
          state.reload()
          notify(t('sessions.othersEnded'))
        }}
      />`,
    )
  return html`
    <${Head} title=${t('sessions.title')} intro=${t('sessions.intro')} />
    <${Section}>
      <${Loaded} state=${state}>${(sessions) => html`
        <${Rows} label=${t('sessions.title')}>
          ${currentFirst(sessions).map((session) => html`<${SessionRow} key=${session.id} session=${session} onEnd=${() => end(session)} />`)}
        <//>
        ${
          sessions.length > 1
            ? html`<div class="actions"><button type="button" class="bad" onClick=${endOthers}>${t('sessions.others')}</button></div>`
            : html`<p class="muted small">${t('sessions.only')}</p>`
        }
      `}<//>
    <//>
    ${dialog}
  `
}

const currentFirst = (sessions) => [...sessions].sort((a, b) => Number(b.current) - Number(a.current))

function deviceText({ user_agent: agent }) {
  const { browser, system, other } = deviceOf(agent)
  if (browser === undefined) return other ?? t('sessions.unknownDevice')
  return t('sessions.device', { browser, system })
}

const methodText = (method) => (hasText(`sessions.by_${method}`) ? t(`sessions.by_${method}`) : method)

function SessionRow({ session, onEnd }) {
  const methods = [...new Set(session.amr.map(({ method }) => methodText(method.replace('/', '_'))))]
  return html`<${Row}
    title=${deviceText(session)}
    badge=${session.current && html`<${Badge} tone="ok">${t('sessions.current')}<//>`}
    lines=${[
      [
        session.current ? t('sessions.activeNow') : t('self.lastUsed', { when: agoText(session.last_used_at) }),
        session.ip && t('sessions.network', { ip: session.ip }),
      ]
        .filter(Boolean)
        .join(' · '),
      t('sessions.since', { date: dateText(session.created_at), methods: methods.join(', ') }),
    ]}
    actions=${!session.current && html`<${RowButton} about=${deviceText(session)} onClick=${onEnd}>${t('sessions.end')}<//>`}
  />`
}
