/** Sign-in by the endpoints of every application: password or passkey, then a second factor where one is enrolled. */
import { claims, currentSession, get, openSession, signOut } from './api.js'
import { sendWithCaptcha } from './captcha.js'
import { ROOT, send } from './http.js'
import { html, useEffect, useState } from './lib.js'
import { useRoute } from './route.js'
import { Failure, Field, Notice, toast, toastError, useAction, valuesOf } from './ui.js'

const hasPasskeys = Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON)

/** Asks the authenticator of this browser (WebAuthn Level 3 §5.1). */
async function assertion(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  try {
    return (await navigator.credentials.get({ publicKey })).toJSON()
  } catch (error) {
    if (error.name === 'SecurityError')
      throw new Error('Passkeys of this server work on another domain. Use your password here.')
    throw new Error('The browser did not use a passkey: it was cancelled, or there is none for this server.')
  }
}

async function signInWithPassword({ email, password }) {
  openSession(
    await sendWithCaptcha('/token', 'sign_in', { query: { grant_type: 'password' }, body: { email, password } }),
  )
}

async function signInWithPasskey() {
  const { challenge_id, options } = await sendWithCaptcha('/passkeys/authentication/options', 'sign_in', { body: {} })
  const { data } = await send('POST', '/passkeys/authentication/verify', {
    body: { challenge_id, credential: await assertion(options) },
  })
  openSession(data)
}

const verifiedFactors = () => (currentSession()?.user.factors ?? []).filter(({ status }) => status === 'verified')
/** Whether the session of this tab still lacks its second factor. */
export const needsFactor = () => claims().aal !== 'aal2' && verifiedFactors().length > 0

/** Whether the server takes this session for an administrator's. Another account is signed out again. */
async function requireAdmin() {
  try {
    await get('/admin/users', { per_page: 1 })
  } catch (error) {
    if (error.code !== 'not_admin') throw error
    const { user } = currentSession()
    await signOut()
    throw new Error(
      `${user.email || 'This account'} is not an administrator. On the server, run: latchkey role grant ${user.email || user.id} admin`,
    )
  }
}

const authorized = async (method, path, body) =>
  (await send(method, path, { body, token: currentSession().accessToken })).data

function Entry({ title, text, children }) {
  useEffect(() => {
    document.title = `${title} · Latchkey`
  }, [title])
  return html`<main class="entry">
    <div class="entry-card">
      <header>
        <img src=${`${ROOT}favicon.svg`} alt="" />
        <h1>${title}</h1>
        ${text && html`<p class="muted">${text}</p>`}
      </header>
      ${children}
    </div>
  </main>`
}

/** @param reason why the last session ended @param onSignedIn is called once an administrator is signed in */
export function SignIn({ reason, onSignedIn }) {
  const { parts, query } = useRoute()
  const [step, setStep] = useState(currentSession() && needsFactor() ? 'factor' : 'start')
  const [error, setError] = useState()
  const [isBusy, run] = useAction()
  const attempt = (action) =>
    run(async () => {
      setError(undefined)
      try {
        await action()
        if (needsFactor()) return setStep('factor')
        await requireAdmin()
        onSignedIn()
      } catch (problem) {
        if (!currentSession()) setStep('start')
        setError(problem)
      }
    })
  const problem = error && html`<${Failure} error=${error} />`
  if (parts[0] === 'setup')
    return html`<${Setup} token=${query.token ?? parts[1] ?? ''} problem=${problem} isBusy=${isBusy} attempt=${attempt} />`
  if (step === 'factor')
    return html`<${SecondFactor} problem=${problem} isBusy=${isBusy} attempt=${attempt} onCancel=${async () => {
      await signOut()
      setError(undefined)
      setStep('start')
    }} />`
  return html`<${Entry} title="Dashboard" text="Sign in as an administrator of this server.">
    ${problem ?? (reason && html`<${Notice}>${reason}<//>`)}
    <form onSubmit=${(event) => {
      event.preventDefault()
      const { email, password } = valuesOf(event.target)
      attempt(() => signInWithPassword({ email: email.trim(), password }))
    }}>
      <${Field} label="Email address or username" name="email" autocomplete="username webauthn" autocapitalize="off" required autofocus />
      <${Field} label="Password" name="password" type="password" autocomplete="current-password" required />
      <button class="primary" disabled=${isBusy}>Sign in</button>
    </form>
    ${
      hasPasskeys &&
      html`<p class="or">or</p>
        <button type="button" disabled=${isBusy} onClick=${() => attempt(signInWithPasskey)}>Sign in with a passkey</button>`
    }
  <//>`
}

const FACTOR_NAMES = {
  totp: 'Authenticator app',
  phone: 'Code by SMS',
  webauthn: 'Security key',
  recovery_code: 'Recovery code',
}

/** Lifts the session to aal2; until then the server refuses everything here. */
function SecondFactor({ problem, isBusy, attempt, onCancel }) {
  const factors = verifiedFactors().filter(({ factor_type: type }) => type !== 'recovery_code')
  const [chosen, setChosen] = useState(factors[0]?.id ?? 'recovery')
  const [challenge, setChallenge] = useState()
  const factor = factors.find(({ id }) => id === chosen)
  const type = factor?.factor_type ?? 'recovery_code'
  useEffect(() => {
    setChallenge(undefined)
  }, [chosen])
  const begin = () => authorized('POST', `/factors/${chosen}/challenge`, {})
  const finish = async (answer) => openSession(await authorized('POST', `/factors/${chosen}/verify`, answer))
  const submit = ({ code = '' }) => {
    if (type === 'recovery_code')
      return attempt(async () => openSession(await authorized('POST', '/factors/recovery-codes/verify', { code })))
    if (type === 'webauthn')
      return attempt(async () => {
        const { id, webauthn } = await begin()
        const credential = await assertion(webauthn.credential_options.publicKey)
        await finish({ challenge_id: id, webauthn: { type: 'request', credential_response: credential } })
      })
    return attempt(async () =>
      finish({ challenge_id: (challenge ?? (await begin())).id, code: code.replaceAll(/\s/g, '') }),
    )
  }
  const options = [
    ...factors.map((each) => [
      each.id,
      `${FACTOR_NAMES[each.factor_type] ?? each.factor_type}${each.friendly_name ? ` (${each.friendly_name})` : ''}`,
    ]),
    ['recovery', FACTOR_NAMES.recovery_code],
  ]
  return html`<${Entry} title="Second step" text="This account has a second factor.">
    ${problem}
    <form onSubmit=${(event) => {
      event.preventDefault()
      submit(valuesOf(event.target))
    }}>
      <${Field} label="Method" type="select" options=${options} value=${chosen} onChange=${({ target }) => setChosen(target.value)} />
      ${
        type === 'phone' &&
        html`<button type="button" disabled=${isBusy} onClick=${() => sendCode(begin, setChallenge)}>Send the code</button>`
      }
      ${
        type !== 'webauthn' &&
        html`<${Field} key=${type} label=${type === 'recovery_code' ? 'Recovery code' : 'Code'} name="code" autocomplete="one-time-code" inputmode=${type === 'recovery_code' ? 'text' : 'numeric'} required autofocus />`
      }
      <button class="primary" disabled=${isBusy || (type === 'phone' && !challenge)}>${type === 'webauthn' ? 'Use the security key' : 'Continue'}</button>
    </form>
    <button type="button" class="plain" onClick=${onCancel}>Use another account</button>
  <//>`
}

async function sendCode(begin, onDone) {
  try {
    onDone(await begin())
    toast('The code was sent.')
  } catch (error) {
    toastError(error)
  }
}

/** The page of the link that a new server prints: it makes the first administrator. */
function Setup({ token, problem, isBusy, attempt }) {
  return html`<${Entry} title="First administrator" text="This account will manage the server.">
    ${problem}
    <form onSubmit=${(event) => {
      event.preventDefault()
      const { email, password } = valuesOf(event.target)
      attempt(async () => {
        const { data } = await send('POST', '/admin/setup', { body: { token, email: email.trim(), password } })
        history.replaceState(null, '', '#/users')
        openSession(data)
      })
    }}>
      <${Field} label="Email address" name="email" type="email" autocomplete="username" required autofocus />
      <${Field} label="Password" name="password" type="password" autocomplete="new-password" hint="The password rules of this server apply." required />
      <button class="primary" disabled=${isBusy}>Create the administrator</button>
    </form>
    <p class="small-text muted">You have an account already? <a href="#/users">Sign in</a></p>
  <//>`
}
