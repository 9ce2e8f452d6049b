/** Changes the address and the number. Each takes effect once it is confirmed. */
import { post, put } from './api.js'
import { ownAddress } from './application.js'
import { FieldError } from './errors.js'
import { send } from './http.js'
import { agoText, t } from './i18n.js'
import { html } from './lib.js'
import { reloadAccount, WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Badge, Head, Section } from './parts.js'
import { Failure, Field, Form, Submit, useAction } from './ui.js'

export const View = () => html`
  <${Head} title=${t('contacts.title')} intro=${t('contacts.intro')} />
  <${WithAccount}>${(account) => html`
    <${Email} ...${account} />
    ${account.security.can_change_phone && html`<${Phone} ...${account} />`}
  `}<//>
`

/** Where links in the mails lead: here, without a session, since only the change is confirmed. */
const confirmedHere = () => ({ redirect_to: ownAddress() })

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
  const ask = async ({ email }) => {
    if (email.trim() === '') throw new FieldError('email', 'common.required')
    const given = email.trim()
    if (!/^\S+@\S+$/.test(given)) throw new FieldError('email', 'contacts.emailFormat')
    if (given.toLowerCase() === user.email) throw new FieldError('email', 'contacts.sameEmail')
    await put('/user', { email: given }, confirmedHere()).catch((error) => {
      throw error.code === 'validation_failed' ? new FieldError('email', 'contacts.emailFormat') : error
    })
    await reloadAccount()
    notify(t('contacts.mailSent'))
  }
  return html`<${Section} title=${t('contacts.email')}>
    <${Current} value=${user.email} confirmedAt=${user.email_confirmed_at} />
    ${user.new_email && html`<${PendingEmail} user=${user} awaits=${change.awaits} />`}
    <${Form} key=${`${user.email}:${user.new_email}`} onSubmit=${ask} fieldOf=${({ field, status }) => field ?? (status === 0 || status === 429 ? undefined : 'email')}>
      ${({ errorOf, isBusy }) => html`
        <${Field} label=${t('contacts.newEmail')} name="email" type="email" autocomplete="email" hint=${t(change.needs_both && user.email ? 'contacts.bothHint' : 'contacts.oneHint')} error=${errorOf('email')} />
        <div class="actions"><${Submit} isBusy=${isBusy}>${t('contacts.changeEmail')}<//></div>
      `}
    <//>
  <//>`
}

function PendingEmail({ user, awaits }) {
  const [isBusy, run, error] = useAction()
  const resend = () =>
    run(async () => {
      if (user.email) await post('/resend', { type: 'email_change', email: user.email }, confirmedHere())
      else await put('/user', { email: user.new_email }, confirmedHere())
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
    <button type="button" class="small" aria-disabled=${isBusy ? 'true' : undefined} onClick=${resend}>${t('contacts.resendMail')}</button>
  </div>`
}

function Phone({ user }) {
  const [isBusy, run, error] = useAction()
  const request = async (phone) => {
    await put('/user', { phone })
    await reloadAccount()
    notify(t('self.codeSent', { to: phone }))
  }
  const ask = async ({ phone }) => {
    const given = phone.replaceAll(/[\s().-]/g, '').replace(/^00/, '+')
    if (given === '') throw new FieldError('phone', 'common.required')
    if (!/^\+[1-9]\d{4,14}$/.test(given)) throw new FieldError('phone', 'contacts.phoneFormat')
    if (given === `+${user.phone}`) throw new FieldError('phone', 'contacts.samePhone')
    await request(given)
  }
  const pending = user.new_phone && `+${user.new_phone}`
  return html`<${Section} title=${t('contacts.phone')}>
    <${Current} value=${user.phone && `+${user.phone}`} confirmedAt=${user.phone_confirmed_at} />
    ${
      pending &&
      html`<div class="notice info pending">
        <p><strong>${t('contacts.pending', { to: pending })}</strong></p>
        <${CodeForm}
          label=${t('contacts.codeTo', { to: pending })}
          onSubmit=${async (code) => {
            await confirm('phone_change', { phone: pending }, code)
            notify(t('contacts.phoneChanged'))
          }}
        />
        ${error && html`<${Failure} error=${error} />`}
        <button type="button" class="small" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => run(() => request(pending))}>${t('contacts.resendSms')}</button>
      </div>`
    }
    <${Form} key=${`${user.phone}:${user.new_phone}`} onSubmit=${ask} fieldOf=${({ field, code }) => field ?? (code === 'phone_exists' ? 'phone' : undefined)}>
      ${({ errorOf, isBusy: isAsking }) => html`
        <${Field} label=${t('contacts.newPhone')} name="phone" type="tel" autocomplete="tel" hint=${t('contacts.phoneHint')} error=${errorOf('phone')} />
        <div class="actions"><${Submit} isBusy=${isAsking}>${t('contacts.changePhone')}<//></div>
      `}
    <//>
  <//>`
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
