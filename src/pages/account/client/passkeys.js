/** Passkeys: added with this browser, renamed and removed. */

import { del, get, patch, post } from './api.js'
import { canCreateCredentials, createCredential } from './authenticator.js'
import { FieldError } from './errors.js'
import { agoText, dateText, t } from './i18n.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Confirm, Head, Row, RowButton, Rows, Section, useDialog } from './parts.js'
import { settings } from './settings.js'
import { Dialog, Failure, Field, Loaded, Notice, Submit, useAction } from './ui.js'

export const View = () => html`
  <${Head} title=${t('passkeys.title')} intro=${t('passkeys.intro')} />
  <${WithAccount}>${() => html`<${Passkeys} max=${settings.account.account.max_passkeys} />`}<//>
`

const nameOf = ({ friendly_name: name }) => name || t('passkeys.unnamed')

function Passkeys({ max }) {
  const state = useLoad((signal) => get('/passkeys', undefined, signal))
  const [isBusy, run, error] = useAction()
  const [dialog, open] = useDialog()
  const add = () =>
    run(async () => {
      const { challenge_id, options } = await post('/passkeys/registration/options')
      const credential = await createCredential(options)
      const passkey = await post('/passkeys/registration/verify', { challenge_id, credential })
      state.reload()
      notify(t('passkeys.added', { name: nameOf(passkey) }))
    })
  const rename = (passkey) =>
    open((close) => html`<${RenameDialog} passkey=${passkey} onDone=${state.reload} onClose=${close} />`)
  const remove = (passkey) =>
    open(
      (close) => html`<${Confirm}
        title=${t('passkeys.removeTitle', { name: nameOf(passkey) })}
        text=${t('passkeys.removeText')}
        action=${t('self.remove')}
        onClose=${close}
        onConfirm=${async () => {
          await del(`/passkeys/${passkey.id}`).catch(unlessGone)
          state.reload()
          notify(t('passkeys.removed'))
        }}
      />`,
    )
  const isFull = state.data?.length >= max
  return html`<${Section}>
    ${error && html`<${Failure} error=${error} />`}
    <${Loaded} state=${state}>${(passkeys) =>
      passkeys.length === 0
        ? html`<p class="empty">${t('passkeys.empty')}</p>`
        : html`<${Rows} label=${t('passkeys.title')}>
            ${passkeys.map(
              (passkey) => html`<${Row}
                key=${passkey.id}
                title=${nameOf(passkey)}
                lines=${[
                  `${t('self.addedOn', { date: dateText(passkey.created_at) })} · ${
                    passkey.last_used_at
                      ? t('self.lastUsed', { when: agoText(passkey.last_used_at) })
                      : t('self.neverUsed')
                  }`,
                ]}
                actions=${html`
                  <${RowButton} about=${nameOf(passkey)} onClick=${() => rename(passkey)}>${t('self.rename')}<//>
                  <${RowButton} about=${nameOf(passkey)} onClick=${() => remove(passkey)}>${t('self.remove')}<//>
                `}
              />`,
            )}
          <//>`}<//>
    ${
      canCreateCredentials
        ? isFull
          ? html`<p class="muted small">${t('errors.too_many_passkeys')}</p>`
          : html`<div class="actions"><${Submit} type="button" isBusy=${isBusy} onClick=${add}>${t('passkeys.add')}<//></div>`
        : html`<${Notice}>${t('self.noAuthenticator')}<//>`
    }
    ${dialog}
  <//>`
}

/** What another tab has removed already is gone, as asked. */
function unlessGone(error) {
  if (error.status !== 404) throw error
}

function RenameDialog({ passkey, onDone, onClose }) {
  const save = async ({ name }) => {
    if (name.trim() === '') throw new FieldError('name', 'common.required')
    await patch(`/passkeys/${passkey.id}`, { friendly_name: name.trim() })
    onDone()
    notify(t('self.saved'))
  }
  return html`<${Dialog} title=${t('passkeys.renameTitle')} submit=${t('common.save')} onSubmit=${save} onClose=${onClose}>
    ${({ errorOf }) => html`<${Field} label=${t('self.nameLabel')} name="name" initial=${passkey.friendly_name} maxlength="120" autocomplete="off" error=${errorOf('name')} data-focus />`}
  <//>`
}
