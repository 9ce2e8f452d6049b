/** Recovery codes: shown once, to be copied, saved or printed. */
import { del, post } from './api.js'
import { t } from './i18n.js'
import { html } from './lib.js'
import { reloadAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Confirm, CopyButton, Section } from './parts.js'
import { settings } from './settings.js'
import { Dialog, Failure, Submit, useAction } from './ui.js'

/** @returns the codes, which the server does not show again */
export const generateCodes = async () => (await post('/factors/recovery-codes', {})).codes

/** @param codes `{ total, remaining }`, or null @param open opens a dialog */
export function RecoveryCodes({ codes, canCreate, open }) {
  const [isBusy, run, error] = useAction()
  const show = (list) => open((close) => html`<${CodesDialog} codes=${list} onClose=${close} />`)
  const create = () =>
    run(async () => {
      const list = await generateCodes()
      await reloadAccount()
      show(list)
    })
  const replace = () =>
    open(
      (close) => html`<${Confirm}
        title=${t('codes.replaceTitle')}
        text=${t('codes.replaceText')}
        action=${t('codes.replace')}
        onClose=${close}
        onConfirm=${async () => {
          const { codes: list } = await post('/factors/recovery-codes/regenerate')
          await reloadAccount()
          show(list)
        }}
      />`,
    )
  const remove = () =>
    open(
      (close) => html`<${Confirm}
        title=${t('codes.removeTitle')}
        text=${t('codes.removeText')}
        action=${t('self.remove')}
        onClose=${close}
        onConfirm=${async () => {
          await del('/factors/recovery-codes')
          await reloadAccount()
          notify(t('codes.removed'))
        }}
      />`,
    )
  if (!codes && !canCreate) return null
  return html`<${Section} title=${t('codes.title')} text=${t('codes.intro')}>
    ${error && html`<${Failure} error=${error} />`}
    <p>${codes ? t('codes.left', { remaining: codes.remaining, total: codes.total }) : t('codes.none')}</p>
    <div class="actions">
      ${
        codes
          ? html`
              ${canCreate && html`<button type="button" onClick=${replace}>${t('codes.replace')}</button>`}
              <button type="button" onClick=${remove}>${t('self.remove')}<span class="visually-hidden"> ${t('codes.title')}</span></button>
            `
          : html`<${Submit} type="button" isBusy=${isBusy} onClick=${create}>${t('codes.create')}<//>`
      }
    </div>
  <//>`
}

/** Groups of four are easier to read; the server ignores what is between them. */
const readable = (code) => code.replaceAll(/(.{4})(?=.)/g, '$1-')

export function CodesDialog({ codes, onClose }) {
  const lines = codes.map(readable)
  const text = `${t('codes.fileTitle', { site: settings.account.name })}\n\n${lines.join('\n')}\n`
  const download = () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    link.download = 'recovery-codes.txt'
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return html`<${Dialog} title=${t('codes.title')} submit=${t('codes.saved')} isModal onClose=${onClose}>
    <p>${t('codes.once')}</p>
    <ol class="codes">${lines.map((line) => html`<li><code>${line}</code></li>`)}</ol>
    <div class="actions">
      <${CopyButton} text=${text} label=${t('self.copy')} />
      <button type="button" class="small" onClick=${download}>${t('codes.download')}</button>
      <button type="button" class="small" onClick=${() => print()}>${t('codes.print')}</button>
    </div>
  <//>`
}
