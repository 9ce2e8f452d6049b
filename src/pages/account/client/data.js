/** Everything that is stored about the account: to download, and to delete. */
import { del, request, signOut } from './api.js'
import { FieldError } from './errors.js'
import { t } from './i18n.js'
import { html } from './lib.js'
import { WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Head, Section, useDialog } from './parts.js'
import { Dialog, Failure, Field, Submit, useAction } from './ui.js'

export const View = () => html`
  <${Head} title=${t('data.title')} />
  <${Export} />
  <${WithAccount}>${({ user }) => html`<${Deletion} user=${user} />`}<//>
`

function Export() {
  const [isBusy, run, error] = useAction()
  const download = () =>
    run(async () => {
      const { data } = await request('GET', '/user/export')
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }))
      link.download = 'account.json'
      link.click()
      URL.revokeObjectURL(link.href)
      notify(t('data.exported'))
    })
  return html`<${Section} title=${t('data.export')} text=${t('data.exportText')}>
    ${error && html`<${Failure} error=${error} />`}
    <div class="actions"><${Submit} type="button" isBusy=${isBusy} onClick=${download}>${t('data.download')}<//></div>
  <//>`
}

function Deletion({ user }) {
  const [dialog, open] = useDialog()
  return html`<${Section} title=${t('data.delete')} text=${t('data.deleteText')} isDangerous>
    <div class="actions">
      <button type="button" class="bad" onClick=${() => open((close) => html`<${DeleteDialog} user=${user} onClose=${close} />`)}>${t('data.delete')}</button>
    </div>
    ${dialog}
  <//>`
}

/** The address must be typed, so that a click by mistake deletes nothing. */
function DeleteDialog({ user, onClose }) {
  const name = user.email || (user.phone ? `+${user.phone}` : t('data.word'))
  const remove = async ({ typed }) => {
    if (typed.trim().toLowerCase() !== name.toLowerCase()) throw new FieldError('typed', 'data.mistyped', { name })
    await del('/user')
    await signOut('data.deleted')
  }
  return html`<${Dialog} title=${t('data.deleteTitle')} submit=${t('data.deleteAction')} isDangerous onSubmit=${remove} onClose=${onClose}>
    ${({ errorOf }) => html`
      <p>${t('data.deleteLead')}</p>
      <ul class="consequences">
        ${['deleteAccess', 'deleteSessions', 'deleteApplications', 'deleteFinal'].map((key) => html`<li key=${key}>${t(`data.${key}`)}</li>`)}
      </ul>
      <${Field} label=${t('data.type', { name })} name="typed" autocomplete="off" error=${errorOf('typed')} data-focus />
    `}
  <//>`
}
