/** The second step of the sign-in: authenticator apps, security keys, phones and recovery codes. */
import { del } from './api.js'
import { canCreateCredentials } from './authenticator.js'
import { AddAuthenticatorApp, AddPhone, AddSecurityKey } from './factor-dialogs.js'
import { agoText, dateText, t } from './i18n.js'
import { html } from './lib.js'
import { factorsOf, factorTypes, reloadAccount, WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Badge, Confirm, Head, Row, RowButton, Rows, Section, useDialog } from './parts.js'
import { CodesDialog, generateCodes, RecoveryCodes } from './recovery-codes.js'
import { Notice } from './ui.js'

export const View = () => html`
  <${Head} title=${t('factors.title')} intro=${t('factors.intro')} />
  <${WithAccount}>${(account) => html`<${Factors} ...${account} />`}<//>
`

/** In the order in which they are offered. */
const DIALOGS = { totp: AddAuthenticatorApp, webauthn: AddSecurityKey, phone: AddPhone }

const nameOf = ({ friendly_name: name, factor_type: type }) => name || t(`factors.${type}`)

function Factors({ user, security }) {
  const [dialog, open] = useDialog()
  const factors = factorsOf(user)
  const isOffered = (type) => factorTypes().includes(type) && (type !== 'webauthn' || canCreateCredentials)
  const types = Object.keys(DIALOGS).filter(isOffered)

  /** With the first factor come recovery codes, so that losing it does not lock the user out. */
  const added = async (type) => {
    notify(t('factors.added', { type: t(`factors.${type}`) }))
    const needsCodes = factorTypes().includes('recovery_code') && !security.recovery_codes
    const codes = needsCodes ? await generateCodes() : undefined
    await reloadAccount()
    open(codes && ((close) => html`<${CodesDialog} codes=${codes} onClose=${close} />`))
  }
  const add = (type) =>
    open(
      (close) => html`<${DIALOGS[type]}
        name=${freeName(user, type)}
        onAdded=${() => added(type)}
        onClose=${close}
      />`,
    )
  const remove = (factor) =>
    open(
      (close) => html`<${Confirm}
        title=${t('factors.removeTitle', { name: nameOf(factor) })}
        text=${t(factors.length > 1 ? 'factors.removeText' : 'factors.removeLastText')}
        action=${t('self.remove')}
        onClose=${close}
        onConfirm=${async () => {
          await del(`/factors/${factor.id}`).catch((error) => {
            // What another tab has removed already is gone, as asked.
            if (error.status !== 404) throw error
          })
          await reloadAccount()
          notify(t('factors.removed'))
        }}
      />`,
    )
  return html`
    <${Section}
      title=${t('factors.methods')}
      actions=${html`<${Badge} tone=${factors.length > 0 ? 'ok' : ''}>${t(factors.length > 0 ? 'overview.on' : 'overview.off')}<//>`}
    >
      ${
        factors.length === 0
          ? html`<p class="empty">${t('factors.empty')}</p>`
          : html`<${Rows} label=${t('factors.methods')}>
              ${factors.map(
                (factor) => html`<${Row}
                  key=${factor.id}
                  title=${nameOf(factor)}
                  lines=${[
                    [
                      factor.friendly_name && t(`factors.${factor.factor_type}`),
                      factor.phone && `+${factor.phone.replace('+', '')}`,
                      t('self.addedOn', { date: dateText(factor.created_at) }),
                      factor.last_challenged_at && t('self.lastUsed', { when: agoText(factor.last_challenged_at) }),
                    ]
                      .filter(Boolean)
                      .join(' · '),
                  ]}
                  actions=${html`<${RowButton} about=${nameOf(factor)} onClick=${() => remove(factor)}>${t('self.remove')}<//>`}
                />`,
              )}
            <//>`
      }
      ${types.length === 0 && factors.length === 0 && html`<${Notice}>${t('factors.unavailable')}<//>`}
      ${types.length > 0 && html`<h3>${t('factors.add')}</h3>`}
      <div class="choices">
        ${types.map(
          (type) => html`<button key=${type} type="button" class="choice" onClick=${() => add(type)}>
            <strong>${t(`factors.${type}Add`)}</strong>
            <span class="muted small">${t(`factors.${type}Text`)}</span>
          </button>`,
        )}
      </div>
    <//>
    ${factors.length > 0 && html`<${RecoveryCodes} codes=${security.recovery_codes} canCreate=${factorTypes().includes('recovery_code')} open=${open} />`}
    ${dialog}
  `
}

/** A name that none of the user's factors has, since names must differ. */
function freeName({ factors = [] }, type) {
  const taken = new Set(factors.map(({ friendly_name: name }) => name))
  const first = t(`factors.${type}`)
  for (let serial = 1; ; serial++) {
    const name = serial === 1 ? first : `${first} ${serial}`
    if (!taken.has(name)) return name
  }
}
