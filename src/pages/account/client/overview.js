/** The account at a glance: who it is, what protects it, and what should be done. */
import { get, put } from './api.js'
import { currentLanguage, dateText, t } from './i18n.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { factorsOf, factorTypes, reloadAccount, WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Badge, Head, LinkRow, Row, RowButton, Rows, Section, useDialog } from './parts.js'
import { hrefOf } from './route.js'
import { settings } from './settings.js'
import { Dialog, Field, Time } from './ui.js'

/** Fewer recovery codes than this are mentioned. */
const FEW_CODES = 3

export const View = () => html`
  <${Head} title=${t('overview.title')} />
  <${WithAccount}>${(account) => html`<${Overview} ...${account} />`}<//>
`

function Overview({ user, security }) {
  const [dialog, open] = useDialog()
  const offersPasskeys = settings.public.passkeys_enabled
  const passkeys = useLoad((signal) => (offersPasskeys ? get('/passkeys', undefined, signal) : Promise.resolve([])))
  const sessions = useLoad((signal) => get('/sessions', undefined, signal))
  const name = nameOf(user)
  const count = ({ data, error }) => (error ? '–' : (data?.length.toLocaleString(currentLanguage()) ?? '…'))
  const factors = factorsOf(user).length
  const entries = [
    [
      t('overview.email'),
      user.email || t('overview.none'),
      user.email && confirmation(user.email_confirmed_at),
      'contacts',
    ],
    [
      t('overview.phone'),
      user.phone ? `+${user.phone}` : t('overview.none'),
      user.phone && confirmation(user.phone_confirmed_at),
      'contacts',
    ],
    [t('password.title'), t(security.password.is_set ? 'overview.set' : 'overview.notSet'), undefined, 'password'],
    offersPasskeys && [t('passkeys.title'), count(passkeys), undefined, 'passkeys'],
    [t('factors.title'), t(factors > 0 ? 'overview.on' : 'overview.off'), undefined, 'factors'],
    [t('sessions.title'), count(sessions), undefined, 'sessions'],
  ].filter(Boolean)
  const rename = () => open((close) => html`<${NameDialog} user=${user} onClose=${close} />`)
  return html`
    <${Advice} user=${user} security=${security} />
    <${Section}>
      <${Rows} label=${t('overview.title')}>
        <${Row}
          title=${t('overview.name')}
          lines=${[name || t('overview.none')]}
          actions=${html`<${RowButton} about=${t('overview.name')} onClick=${rename}>${t('self.change')}<//>`}
        />
        ${entries.map(([title, line, badge, view]) => html`<${LinkRow} key=${title} title=${title} badge=${badge} line=${line} href=${hrefOf(view)} />`)}
      <//>
    <//>
    <p class="muted small">
      ${user.last_sign_in_at && html`${t('overview.lastSignIn')} <${Time} value=${user.last_sign_in_at} />`}
      ${user.last_sign_in_at && ' · '}${t('overview.created', { date: dateText(user.created_at) })}
    </p>
    ${dialog}
  `
}

const confirmation = (at) =>
  at
    ? html`<${Badge} tone="ok">${t('overview.confirmed')}<//>`
    : html`<${Badge} tone="warn">${t('overview.notConfirmed')}<//>`

/** What would make the account safer, or is waiting for the user. */
function Advice({ user, security }) {
  const { recovery_codes: codes } = security
  const types = factorTypes()
  const hasFactor = factorsOf(user).length > 0
  const offersCodes = hasFactor && types.includes('recovery_code')
  const advice = [
    user.new_email && ['pendingEmail', 'contacts', { email: user.new_email }],
    user.new_phone && ['pendingPhone', 'contacts', { phone: `+${user.new_phone}` }],
    !hasFactor && types.some((type) => type !== 'recovery_code') && ['noFactor', 'factors'],
    offersCodes && !codes && ['noCodes', 'factors'],
    codes?.remaining === 0 && ['usedCodes', 'factors'],
    codes?.remaining > 0 && codes.remaining < FEW_CODES && ['fewCodes', 'factors', { count: codes.remaining }],
  ].filter(Boolean)
  if (advice.length === 0) return null
  return html`<ul class="advice" aria-label=${t('overview.advice')}>
    ${advice.map(
      ([key, view, values]) => html`<li key=${key} class="notice warn">
        <p>${t(`overview.${key}`, values)}</p>
        <a class="button small" href=${hrefOf(view)}>${t(`overview.${key}Action`)}</a>
      </li>`,
    )}
  </ul>`
}

/** The entries of the metadata that name a user, as the server reads them. */
const NAMES = ['display_name', 'full_name', 'name']
const namedBy = ({ user_metadata: data }) => NAMES.find((key) => typeof data[key] === 'string' && data[key] !== '')
const nameOf = (user) => user.user_metadata[namedBy(user)] ?? ''

function NameDialog({ user, onClose }) {
  const save = async ({ name }) => {
    await put('/user', { data: { [namedBy(user) ?? 'display_name']: name.trim() } })
    await reloadAccount()
    notify(t('overview.nameSaved'))
  }
  return html`<${Dialog} title=${t('overview.changeName')} submit=${t('common.save')} onSubmit=${save} onClose=${onClose}>
    <${Field} label=${t('overview.name')} name="name" initial=${nameOf(user)} autocomplete="name" maxlength="200" data-focus />
  <//>`
}
