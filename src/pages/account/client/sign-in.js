/** Sign-in and sign-up. */
import { asked, purpose } from './application.js'
import { errorText } from './errors.js'
import { t } from './i18n.js'
import { html, useEffect, useRef } from './lib.js'
import {
  methods,
  offerPasskeys,
  sendAgain,
  sendMessage,
  signInWithPasskey,
  signInWithPassword,
  signUp,
} from './methods.js'
import { passwordRule } from './password-rule.js'
import { ProviderButtons } from './provider-buttons.js'
import { go, hrefOf } from './route.js'
import { settings } from './settings.js'
import { setStep } from './steps.js'
import { Before, Failure, Field, Form, Icon, Notice, Step, Submit, useAction } from './ui.js'

/** Opens the step where the code of a sent message is entered. */
function expectCode(sent) {
  setStep({ sent })
  go('code')
}

const fieldOf = ({ field, code }) => field ?? (code === 'weak_password' ? 'password' : undefined)

/** The address or number of an account. */
function Identifier({ error, isNew = false }) {
  const kind = methods.phone() ? (methods.email() ? 'contact' : 'phone') : 'email'
  const type = { contact: 'text', phone: 'tel', email: 'email' }[kind]
  const autocomplete = isNew || !methods.passkeys() ? 'username' : 'username webauthn'
  return html`<${Field} label=${t(`signIn.${kind}`)} name="identifier" type=${type} inputmode=${kind === 'contact' ? 'email' : undefined}
    autocomplete=${autocomplete} initial=${asked.loginHint} error=${error} required data-focus />`
}

export function SignIn({ problem, onSignedIn, onTried }) {
  const [isBusy, run, error, setError] = useAction()
  const form = useRef()
  const offer = useOfferedPasskeys(onSignedIn, setError)
  const typed = () => ({ identifier: form.current.elements.identifier.value })
  const attempt = (action) =>
    run(async () => {
      onTried()
      await action()
    })
  const submit = async (values) => {
    onTried()
    setError(undefined)
    await signInWithPassword(values)
    onSignedIn()
  }
  const hasForm = methods.email() || methods.phone()
  return html`<${Step} title=${t('signIn.title')} text=${purpose()}>
    ${problem && html`<${Before} problem=${problem} />`}
    ${error && error.field === undefined && html`<${Failure} error=${error} />`}
    <${Captcha} />
    <${ProviderButtons} onProblem=${setError} />
    ${
      hasForm &&
      html`<${Form} formRef=${form} onSubmit=${submit} fieldOf=${fieldOf} extra=${(failure) => html`<${Unconfirmed} error=${failure} typed=${typed} />`}>
        ${(state) => html`
          <${Identifier} error=${state.errorOf('identifier') ?? (error?.field === 'identifier' ? errorText(error) : undefined)} />
          <${Field} label=${t('signIn.password')} name="password" type="password" autocomplete="current-password" error=${state.errorOf('password')} required
            aside=${methods.email() && html`<a href=${hrefOf('reset')}>${t('signIn.forgot')}</a>`} />
          <${Submit} isBusy=${state.isBusy}>${t('signIn.submit')}<//>
        `}
      <//>`
    }
    ${(methods.messages() || methods.passkeys()) && hasForm && html`<p class="or"><span>${t('signIn.orElse')}</span></p>`}
    <div class="ways">
      ${
        methods.messages() &&
        html`<button type="button" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => attempt(async () => expectCode(await sendMessage(typed())))}><${Icon} name="mail" /><span>${t(messageKey())}</span></button>`
      }
      ${
        methods.passkeys() &&
        html`<button type="button" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() =>
          attempt(() =>
            offer.during(async () => {
              await signInWithPasskey()
              onSignedIn()
            }),
          )}><${Icon} name="key" /><span>${t('signIn.passkey')}</span></button>`
      }
    </div>
    ${methods.signUp() && html`<p class="center muted">${t('signIn.noAccount')} <a href=${hrefOf('sign-up')}>${t('signIn.signUp')}</a></p>`}
  <//>`
}

/** What is offered depends on whether mails, SMS or both are sent. */
function messageKey() {
  if (!methods.phone()) return 'signIn.mailCode'
  return methods.links() ? 'signIn.sendCode' : 'signIn.smsCode'
}

/** Passkeys among the suggestions of the browser, except while its own dialog is open. */
function useOfferedPasskeys(onSignedIn, onProblem) {
  const offer = useRef()
  const begin = () => {
    offer.current = new AbortController()
    offerPasskeys(offer.current.signal).then(
      (isUsed) => isUsed && onSignedIn(),
      // Without the offer, the button is still there.
      (error) => error.status >= 400 && error.code !== 'over_request_rate_limit' && onProblem(error),
    )
  }
  useEffect(() => {
    begin()
    return () => offer.current.abort()
  }, [])
  return {
    async during(action) {
      offer.current.abort()
      try {
        await action()
      } catch (error) {
        begin()
        throw error
      }
    },
  }
}

/** After the right password of an account whose address is not confirmed: another message. */
function Unconfirmed({ error, typed }) {
  const [isBusy, run, problem] = useAction()
  if (error.code !== 'email_not_confirmed' && error.code !== 'phone_not_confirmed') return null
  const isPhone = error.code === 'phone_not_confirmed'
  const send = async () => expectCode(await sendAgain({ kind: 'signup', address: typed().identifier.trim(), isPhone }))
  return html`${problem && html`<${Failure} error=${problem} />`}
    <button type="button" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => run(send)}>${t('signIn.sendAgain')}</button>`
}

/** Captchas of others load scripts from elsewhere, which this page does not do. */
const Captcha = () =>
  ['hcaptcha', 'turnstile'].includes(settings.account.sign_in.captcha) &&
  html`<${Notice} tone="warn">${t('errors.captcha_unsupported')}<//>`

export function SignUp({ problem, onSignedIn, onTried }) {
  const [, , error, setError] = useAction()
  const submit = async (values) => {
    onTried()
    setError(undefined)
    const sent = await signUp(values)
    if (sent) expectCode(sent)
    else onSignedIn()
  }
  if (!methods.signUp())
    return html`<${Step} title=${t('signIn.signUpTitle')}>
      <${Notice}>${t('errors.signup_disabled')}<//>
      <a class="button" href=${hrefOf('')}>${t('signIn.toSignIn')}</a>
    <//>`
  return html`<${Step} title=${t('signIn.signUpTitle')} text=${purpose()}>
    ${problem && html`<${Before} problem=${problem} />`}
    ${error && html`<${Failure} error=${error} />`}
    <${Captcha} />
    <${ProviderButtons} onProblem=${setError} />
    <${Form} onSubmit=${submit} fieldOf=${fieldOf}>
      ${({ errorOf, isBusy }) => html`
        <${Identifier} isNew error=${errorOf('identifier')} />
        <${Field} label=${t('signIn.password')} name="password" type="password" autocomplete="new-password" hint=${passwordRule()} error=${errorOf('password')} required />
        <${Submit} isBusy=${isBusy}>${t('signIn.signUp')}<//>
      `}
    <//>
    <p class="center muted">${t('signIn.hasAccount')} <a href=${hrefOf('')}>${t('signIn.submit')}</a></p>
  <//>`
}
