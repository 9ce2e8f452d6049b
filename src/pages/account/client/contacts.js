/** Changes the address and the number. Each takes effect once it is confirmed. */
import { put } from './api.js'
import { ownAddress } from './application.js'
import { sendWithCaptcha } from './captcha.js'
import { FieldError } from './errors.js'
import { beginFlow } from './flows.js'
import { send } from './http.js'
import { agoText, t } from './i18n.js'
import { html } from './lib.js'
import { reloadAccount, WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Badge, Head, Section, useDialog } from './parts.js'
import { numberOf } from './phone-number.js'
import { Dialog, Failure, Field, Form, Submit, useAction } from './ui.js'

export const View = () => html`
  <${Head} title=${t('contacts.title')} intro=${t('contacts.intro')} />
  <${WithAccount}>${(account) => html`
    <${Email} ...${account} />
    ${account.security.can_change_phone && html`<${Phone} ...${account} />`}
  `}<//>
`

/** Codes of errors that are about the field of a dialog. */
const EMAIL_PROBLEMS = ['email_exists', 'email_address_invalid', 'email_address_not_authorized']
const PHONE_PROBLEMS = ['phone_exists', 'sms_send_failed', 'validation_failed']

/** The links in the mails lead back to this page. @param request gets the query and the body to add */
async function withLink(request) {
  const { id, challenge } = await beginFlow('email_change')
  return request({ redirect_to: ownAddress({ flow: id }) }, challenge)
}

/** Sends the messages again to the addresses that have not confirmed yet. */
const resend = (email) =>
  withLink((query, challenge) =>
    sendWithCaptcha('/resend', 'resend', { query, body: { type: 'email_change', email, ...challenge } }),
  )

const requestEmail = (email) => withLink((query, challenge) => put('/user', { email, ...challenge }, query))

const Current = ({ value, confirmedAt }) =>
  value
    ? html`<p class="current">${value} ${
        confirmedAt
          ? html`<${Badge} tone="ok">${t('overview.confirmed')}<//>`
          : html`<${Badge} tone="warn">${t('overview.notConfirmed')}<//>`
      }</p>`
    : html`<p class="muted">${t('overview.none')}</p>`

/**
 * Confirms with a code. The server answers with a session of its own, which would not have passed a second factor, so
 * it is ended, and this page keeps its session.
 * @returns whether the change took effect; with two addresses the first one does not
 */
async function confirm(type, to, code) {
  const { data } = await send('POST', '/verify', { body: { type, ...to, token: code.trim() } })
  const token = data.access_token
  if (token) await send('POST', '/logout', { query: { scope: 'local' }, token }).catch(() => undefined)
  await reloadAccount()
  return Boolean(token)
}

function Email({ user, security: { email_change: change } }) {
  const [dialog, open] = useDialog()
  return html`<${Section}
    title=${t('contacts.email')}
    actions=${html`<button type="button" class="small" onClick=${() => open((close) => html`<${EmailDialog} user=${user} needsBoth=${change.needs_both} onClose=${close} />`)}>${t('contacts.changeEmail')}</button>`}
  >
    <${Current} value=${user.email} confirmedAt=${user.email_confirmed_at} />
    ${user.new_email && html`<${PendingEmail} user=${user} awaits=${change.awaits} />`}
    ${dialog}
  <//>`
}

function EmailDialog({ user, needsBoth, onClose }) {
  const ask = async ({ email }) => {
    const given = email.trim()
    if (given === '') throw new FieldError('email', 'common.required')
    if (!/^\S+@\S+$/.test(given)) throw new FieldError('email', 'contacts.emailFormat')
    if (given.toLowerCase() === user.email) throw new FieldError('email', 'contacts.sameEmail')
    await requestEmail(given).catch((error) => {
      throw error.code === 'validation_failed' ? new FieldError('email', 'contacts.emailFormat') : error
    })
    await reloadAccount()
    notify(t('contacts.mailSent'))
  }
  return html`<${Dialog}
    title=${t('contacts.changeEmail')}
    submit=${t('common.proceed')}
    onSubmit=${ask}
    onClose=${onClose}
    fieldOf=${({ field, code }) => field ?? (EMAIL_PROBLEMS.includes(code) ? 'email' : undefined)}
  >
    ${({ errorOf }) => html`<${Field} label=${t('contacts.newEmail')} name="email" type="email" autocomplete="email" hint=${t(needsBoth ? 'contacts.bothHint' : 'contacts.oneHint')} error=${errorOf('email')} data-focus />`}
  <//>`
}

function PendingEmail({ user, awaits }) {
  const [isBusy, run, error] = useAction()
  const again = () =>
    run(async () => {
      if (user.email) await resend(user.email)
      else await requestEmail(user.new_email)
      notify(t('contacts.mailSent'))
    })
  const isHalf = user.email && awaits.length === 1 && awaits[0] === user.email
  return html`<div class="notice info pending">
    <p><strong>${t('contacts.pending', { to: user.new_email })}</strong></p>
    <p>${t(awaits.length === 2 ? 'contacts.pendingBoth' : isHalf ? 'contacts.pendingCurrent' : 'contacts.pendingNew')}
      ${user.email_change_sent_at && ` ${t('contacts.sent', { when: agoText(user.email_change_sent_at) })}`}</p>
    ${awaits.map(
      (address) => html`<${CodeForm}
      key=${address}
      label=${t('contacts.codeTo', { to: address })}
      onSubmit=${async (code) =>
        notify(
          t(
            (await confirm('email_change', { email: address }, code))
              ? 'contacts.emailChanged'
              : 'contacts.halfConfirmed',
          ),
        )}
    />`,
    )}
    ${error && html`<${Failure} error=${error} />`}
    <button type="button" class="small" aria-disabled=${isBusy ? 'true' : undefined} onClick=${again}>${t('contacts.resendMail')}</button>
  </div>`
}

const requestPhone = async (phone) => {
  await put('/user', { phone })
  await reloadAccount()
  notify(t('self.codeSent', { to: phone }))
}

function Phone({ user }) {
  const [dialog, open] = useDialog()
  return html`<${Section}
    title=${t('contacts.phone')}
    actions=${html`<button type="button" class="small" onClick=${() => open((close) => html`<${PhoneDialog} user=${user} onClose=${close} />`)}>${t(user.phone ? 'contacts.changePhone' : 'contacts.addPhone')}</button>`}
  >
    <${Current} value=${user.phone && `+${user.phone}`} confirmedAt=${user.phone_confirmed_at} />
    ${user.new_phone && html`<${PendingPhone} phone=${`+${user.new_phone}`} />`}
    ${dialog}
  <//>`
}

function PhoneDialog({ user, onClose }) {
  const ask = async ({ phone }) => {
    const given = numberOf(phone)
    if (given === `+${user.phone}`) throw new FieldError('phone', 'contacts.samePhone')
    await requestPhone(given)
  }
  return html`<${Dialog}
    title=${t(user.phone ? 'contacts.changePhone' : 'contacts.addPhone')}
    submit=${t('self.sendCode')}
    onSubmit=${ask}
    onClose=${onClose}
    fieldOf=${({ field, code }) => field ?? (PHONE_PROBLEMS.includes(code) ? 'phone' : undefined)}
  >
    ${({ errorOf }) => html`<${Field} label=${t('contacts.newPhone')} name="phone" type="tel" autocomplete="tel" hint=${t('contacts.phoneHint')} error=${errorOf('phone')} data-focus />`}
  <//>`
}

function PendingPhone({ phone }) {
  const [isBusy, run, error] = useAction()
  return html`<div class="notice info pending">
    <p><strong>${t('contacts.pending', { to: phone })}</strong></p>
    <${CodeForm}
      label=${t('contacts.codeTo', { to: phone })}
      onSubmit=${async (code) => {
        await confirm('phone_change', { phone }, code)
        notify(t('contacts.phoneChanged'))
      }}
    />
    ${error && html`<${Failure} error=${error} />`}
    <button type="button" class="small" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => run(() => requestPhone(phone))}>${t('contacts.resendSms')}</button>
  </div>`
}

function CodeForm({ label, onSubmit }) {
  const submit = async ({ code }) => {
    if (code.trim() === '') throw new FieldError('code', 'common.required')
    await onSubmit(code)
  }
  return html`<${Form} class="code-form" onSubmit=${submit} fieldOf=${({ field, code }) => field ?? (code === 'otp_expired' ? 'code' : undefined)}>
    ${({ errorOf, isBusy }) => html`
      <${Field} label=${label} name="code" inputmode="numeric" autocomplete="one-time-code" error=${errorOf('code')} />
      <${Submit} isBusy=${isBusy}>${t('self.confirm')}<//>
    `}
  <//>`
}
