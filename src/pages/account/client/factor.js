/** The second factor of an account that has one. */
import { openSession, post, verifiedFactors } from './api.js'
import { FieldError } from './errors.js'
import { t } from './i18n.js'
import { html, useState } from './lib.js'
import { codeField } from './messages.js'
import { assertion } from './methods.js'
import { settings } from './settings.js'
import { Failure, Field, Form, Notice, Step, Submit, useAction } from './ui.js'

/** The easiest first. */
const TYPES = ['webauthn', 'totp', 'phone', 'recovery_code']

const TEXTS = {
  webauthn: { name: 'signIn.securityKey', text: 'signIn.securityKeyText' },
  totp: { name: 'signIn.authenticator', text: 'signIn.authenticatorText' },
  phone: { name: 'signIn.codeBySms', text: 'signIn.codeBySmsText' },
  recovery_code: { name: 'signIn.recoveryCode', text: 'signIn.recoveryCodeText' },
}

const settingOf = (type) => settings.account.account[type === 'recovery_code' ? 'recovery_codes' : type]

/** The factors that can be used now; a type that is switched off cannot. */
const usableFactors = () =>
  verifiedFactors()
    .filter(({ factor_type: type }) => TYPES.includes(type) && settingOf(type).verify)
    .sort((one, other) => TYPES.indexOf(one.factor_type) - TYPES.indexOf(other.factor_type))

const labelOf = ({ factor_type: type, friendly_name: name }) =>
  name && type !== 'recovery_code' ? `${t(TEXTS[type].name)} (${name})` : t(TEXTS[type].name)

/** Lifts the session to aal2. */
export function Factor({ onPassed, onCancel }) {
  const factors = usableFactors()
  const [chosen, setChosen] = useState(factors[0])
  if (!chosen)
    return html`<${Step} title=${t('signIn.factorTitle')}>
      <${Notice} tone="bad">${t('signIn.noFactor')}<//>
      <button type="button" onClick=${onCancel}>${t('signIn.otherAccount')}</button>
    <//>`
  const type = chosen.factor_type
  const others = factors.filter(({ id }) => id !== chosen.id)
  const view = type === 'webauthn' ? SecurityKey : type === 'phone' ? PhoneCode : TypedCode
  return html`<${Step} key=${chosen.id} title=${t('signIn.factorTitle')} text=${t(TEXTS[type].text)}>
    <${view} factor=${chosen} onPassed=${onPassed} />
    ${
      others.length > 0 &&
      html`<details class="others">
        <summary>${t('signIn.otherFactor')}</summary>
        <div class="ways">${others.map((factor) => html`<button key=${factor.id} type="button" onClick=${() => setChosen(factor)}>${labelOf(factor)}</button>`)}</div>
      </details>`
    }
    <button type="button" class="plain center" onClick=${onCancel}>${t('signIn.otherAccount')}</button>
  <//>`
}

const challenge = (factor) => post(`/factors/${factor.id}/challenge`, {})

const finish = async (factor, answer) => openSession(await post(`/factors/${factor.id}/verify`, answer))

const requireCode = (code) => {
  const digits = code.replaceAll(/\s/g, '')
  if (digits === '') throw new FieldError('code', 'common.required')
  return digits
}

const fieldOf = ({ field, code }) => field ?? (code === 'mfa_verification_failed' ? 'code' : undefined)

function TypedCode({ factor, onPassed }) {
  const isRecovery = factor.factor_type === 'recovery_code'
  const submit = async ({ code: typed }) => {
    const code = requireCode(typed)
    if (isRecovery) openSession(await post('/factors/recovery-codes/verify', { code }))
    else await finish(factor, { challenge_id: (await challenge(factor)).id, code })
    onPassed()
  }
  return html`<${Form} onSubmit=${submit} fieldOf=${fieldOf}>
    ${({ errorOf, isBusy }) => html`
      <${Field} ...${codeField} inputmode=${isRecovery ? 'text' : 'numeric'} class="code" label=${t(isRecovery ? 'signIn.recoveryCode' : 'signIn.code')} error=${errorOf('code')} />
      <${Submit} isBusy=${isBusy}>${t('common.proceed')}<//>
    `}
  <//>`
}

function PhoneCode({ factor, onPassed }) {
  const [sent, setSent] = useState()
  const [isBusy, run, error] = useAction()
  const send = () => run(async () => setSent(await challenge(factor)))
  const submit = async ({ code }) => {
    await finish(factor, { challenge_id: sent.id, code: requireCode(code) })
    onPassed()
  }
  const failure = error && html`<${Failure} error=${error} />`
  if (!sent)
    return html`${failure}<button type="button" class="primary" aria-disabled=${isBusy ? 'true' : undefined} onClick=${send} data-focus>${t('signIn.sendSms')}</button>`
  return html`${failure}
    <${Form} onSubmit=${submit} fieldOf=${fieldOf}>
      ${(form) => html`
        <${Field} ...${codeField} class="code" label=${t('signIn.code')} hint=${t('signIn.smsSent')} error=${form.errorOf('code')} />
        <${Submit} isBusy=${form.isBusy}>${t('common.proceed')}<//>
      `}
    <//>
    <button type="button" class="plain center" aria-disabled=${isBusy ? 'true' : undefined} onClick=${send}>${t('signIn.sendAgain')}</button>`
}

function SecurityKey({ factor, onPassed }) {
  const [isBusy, run, error] = useAction()
  const use = async () => {
    const { id, webauthn } = await challenge(factor)
    const credential = await assertion(webauthn.credential_options.publicKey)
    await finish(factor, { challenge_id: id, webauthn: { type: 'request', credential_response: credential } })
    onPassed()
  }
  return html`${error && html`<${Failure} error=${error} />`}
    <${Submit} type="button" isBusy=${isBusy} onClick=${() => run(use)} data-focus>${t('signIn.useSecurityKey')}<//>`
}
