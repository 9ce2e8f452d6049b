/** Accounts at providers with which the user can sign in. */
import { del, get } from './api.js'
import { ownAddress } from './application.js'
import { beginFlow } from './flows.js'
import { dateText, t } from './i18n.js'
import { html } from './lib.js'
import { reloadAccount, WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Confirm, Head, Row, RowButton, Rows, Section, useDialog } from './parts.js'
import { providerName, providers } from './providers.js'
import { settings } from './settings.js'
import { Failure, Notice, useAction } from './ui.js'

export const View = () => html`
  <${Head} title=${t('identities.title')} intro=${t('identities.intro')} />
  <${WithAccount}>${(account) => html`<${Identities} ...${account} />`}<//>
`

/** How the identity is called at its provider. Everything in it comes from there. */
function accountOf({ identity_data: data = {}, email }) {
  const names = [
    email,
    data.preferred_username,
    data.user_name,
    data.full_name,
    data.name,
    data.phone && `+${data.phone}`,
  ]
  return names.find((name) => typeof name === 'string' && name !== '')
}

const nameOf = ({ provider }) =>
  provider === 'email' ? t('overview.email') : provider === 'phone' ? t('overview.phone') : providerName(provider)

function Identities({ user, security: { can_unlink: canUnlink } }) {
  const [isBusy, run, error] = useAction()
  const [dialog, open] = useDialog()
  const identities = user.identities ?? []
  const canLink = settings.account.account.manual_linking
  const linked = new Set(identities.map(({ provider }) => provider))
  const linkable = canLink ? providers().filter(({ id }) => !linked.has(id)) : []
  const link = (provider) =>
    run(async () => {
      const { id, challenge } = await beginFlow('link')
      const { url } = await get('/user/identities/authorize', {
        provider,
        redirect_to: `${ownAddress({ flow: id })}#/identities`,
        skip_http_redirect: 'true',
        ...challenge,
      })
      location.assign(url)
    })
  const unlink = (identity) =>
    open(
      (close) => html`<${Confirm}
        title=${t('identities.unlinkTitle', { provider: nameOf(identity) })}
        text=${t('identities.unlinkText', { provider: nameOf(identity) })}
        action=${t('identities.unlink')}
        onClose=${close}
        onConfirm=${async () => {
          await del(`/user/identities/${identity.identity_id}`).catch((problem) => {
            // What another tab has unlinked already is gone, as asked.
            if (problem.code !== 'identity_not_found') throw problem
          })
          await reloadAccount()
          notify(t('identities.unlinked', { provider: nameOf(identity) }))
        }}
      />`,
    )
  return html`<${Section}>
    ${error && html`<${Failure} error=${error} />`}
    ${
      identities.length === 0
        ? html`<p class="empty">${t('identities.empty')}</p>`
        : html`<${Rows} label=${t('identities.title')}>
            ${identities.map(
              (identity) => html`<${Row}
                key=${identity.identity_id}
                title=${nameOf(identity)}
                lines=${[accountOf(identity), identity.last_sign_in_at && t('identities.lastSignIn', { date: dateText(identity.last_sign_in_at) })]}
                actions=${canUnlink && html`<${RowButton} about=${nameOf(identity)} onClick=${() => unlink(identity)}>${t('identities.unlink')}<//>`}
              />`,
            )}
          <//>`
    }
    ${canLink && !canUnlink && identities.length > 0 && html`<p class="muted small">${t('identities.last')}</p>`}
    ${!canLink && html`<${Notice}>${t('identities.off')}<//>`}
    ${
      linkable.length > 0 &&
      html`<h2>${t('identities.add')}</h2>
        <div class="choices">
          ${linkable.map(
            ({ id, name }) =>
              html`<button key=${id} type="button" class="choice" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => link(id)}><strong>${name}</strong></button>`,
          )}
        </div>`
    }
    ${dialog}
  <//>`
}
