/** Steps around messages with a link and a code: waiting for one, asking for a reset, and the new password after it. */
import { currentSession, put } from './api.js'
import { rich, t } from './i18n.js'
import { html, useState } from './lib.js'
import { sendAgain, sendRecovery, verifyCode } from './methods.js'
import { passwordRule } from './password-rule.js'
import { go, hrefOf } from './route.js'
import { settings } from './settings.js'
import { currentStep, setStep } from './steps.js'
import { Failure, Field, Form, Notice, Step, Submit, useAction } from './ui.js'

/** One-time codes, for the suggestion of the browser and the keyboard of a phone. */
export const codeField = {
  name: 'code',
  autocomplete: 'one-time-code',
  inputmode: 'numeric',
  'data-focus': true,
  required: true,
}

const fieldOfCode = ({ field, code }) => field ?? (code === 'otp_expired' ? 'code' : undefined)

/** The same texts whether the address has an account or not. */
export function CodeStep({ onSignedIn }) {
  const { sent } = currentStep()
  const [isBusy, run, error] = useAction()
  const [isSentAgain, setSentAgain] = useState(false)
  const address = html`<strong>${sent.address}</strong>`
  const again = async () => {
    setSentAgain(false)
    await sendAgain(sent)
    setSentAgain(true)
  }
  const submit = async ({ code }) => {
    await verifyCode(sent, code)
    onSignedIn()
  }
  const { email_code_length: ofMail, phone_code_length: ofSms } = settings.account.sign_in
  return html`<${Step} title=${t(sent.isPhone ? 'signIn.smsTitle' : 'signIn.mailTitle')} text=${rich(sent.isPhone ? 'signIn.smsText' : 'signIn.mailText', { address })}>
    ${error && html`<${Failure} error=${error} />`}
    ${isSentAgain && html`<${Notice} tone="ok">${t('signIn.sentAgain')}<//>`}
    <${Form} onSubmit=${submit} fieldOf=${fieldOfCode}>
      ${(form) => html`
        <${Field} ...${codeField} label=${t('signIn.code')} maxlength=${(sent.isPhone ? ofSms : ofMail) + 4} class="code" error=${form.errorOf('code')} />
        <${Submit} isBusy=${form.isBusy}>${t('common.proceed')}<//>
      `}
    <//>
    <div class="links">
      <button type="button" class="plain" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => run(again)}>${t('signIn.sendAgain')}</button>
      <a href=${hrefOf('')}>${t('signIn.otherWay')}</a>
    </div>
  <//>`
}

export function ForgotStep({ onTried }) {
  const submit = async (values) => {
    onTried()
    setStep({ sent: await sendRecovery(values) })
    go('code')
  }
  return html`<${Step} title=${t('signIn.resetTitle')} text=${t('signIn.resetText')}>
    <${Form} onSubmit=${submit}>
      ${({ errorOf, isBusy }) => html`
        <${Field} label=${t('signIn.email')} name="identifier" type="email" autocomplete="username" error=${errorOf('identifier')} required data-focus />
        <${Submit} isBusy=${isBusy}>${t('signIn.sendLink')}<//>
      `}
    <//>
    <p class="center"><a href=${hrefOf('')}>${t('signIn.toSignIn')}</a></p>
  <//>`
}

/** After a reset. The name of the account is there for the password manager. */
export function NewPassword({ onDone }) {
  const { email, phone } = currentSession().user
  const submit = async ({ password }) => {
    await put('/user', { password })
    onDone()
  }
  const fieldOf = ({ field, code }) =>
    field ?? (['weak_password', 'same_password'].includes(code) ? 'password' : undefined)
  return html`<${Step} title=${t('signIn.newPasswordTitle')} text=${t('signIn.newPasswordText')}>
    <${Form} onSubmit=${submit} fieldOf=${fieldOf}>
      ${({ errorOf, isBusy }) => html`
        <input class="visually-hidden" name="username" autocomplete="username" value=${email || phone} readonly tabindex="-1" aria-hidden="true" />
        <${Field} label=${t('signIn.newPassword')} name="password" type="password" autocomplete="new-password" hint=${passwordRule()} error=${errorOf('password')} required data-focus />
        <${Submit} isBusy=${isBusy}>${t('signIn.savePassword')}<//>
      `}
    <//>
    <button type="button" class="plain center" onClick=${onDone}>${t('signIn.skip')}</button>
  <//>`
}
