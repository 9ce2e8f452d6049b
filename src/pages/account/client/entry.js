/** The way in: one card with one step. */
import { currentSession, needsFactor, signOut } from './api.js'
import { asked } from './application.js'
import { Factor } from './factor.js'
import { Continue, HandOver, Offered, Refused } from './hand-over.js'
import { html, useState } from './lib.js'
import { CodeStep, ForgotStep, NewPassword } from './messages.js'
import { go, useRoute } from './route.js'
import { settings } from './settings.js'
import { SignIn, SignUp } from './sign-in.js'
import { currentStep, setStep } from './steps.js'
import { Brand, LanguageSelect } from './ui.js'

/** Whether the user has to do something before the account, or the application, is open. */
export const isOnTheWay = () =>
  isRefused() || !currentSession() || needsFactor() || currentStep().needsPassword === true || asked.isSignIn

const isRefused = () => asked.isSignIn && settings.account.is_redirect_allowed !== true

/** The views before a session, by address. */
const VIEWS = { 'sign-up': SignUp, reset: ForgotStep, code: CodeStep }

/**
 * @param problem a text or an error to show on the first step
 * @param isFresh whether the session was opened just now, so that the user need not be asked again
 * @param offered a session from a link, which the user has not accepted
 * @param onChange is called after each step that changes the session, `onDeclined` if the offered one is not wanted
 */
export function Entry({ onLanguage, ...props }) {
  return html`<main class="entry">
    <div class="card">
      <${Brand} />
      <${Current} ...${props} />
    </div>
    <footer><${LanguageSelect} onChange=${onLanguage} /></footer>
  </main>`
}

function Current({ problem, isFresh, offered, onChange, onDeclined }) {
  const route = useRoute()
  const [isNew, setNew] = useState(true)
  if (isRefused()) return html`<${Refused} />`
  if (offered) return html`<${Offered} offered=${offered} onAccepted=${onChange} onDeclined=${onDeclined} />`
  const startAgain = async () => {
    setStep({})
    go('', { replace: true })
    await signOut()
    onChange()
  }
  if (!currentSession()) {
    const name = Object.hasOwn(VIEWS, route) && (route !== 'code' || currentStep().sent) ? route : ''
    const onSignedIn = () => {
      const isRecovery = name === 'code' && currentStep().sent.kind === 'recovery'
      setStep(isRecovery ? { needsPassword: true } : {})
      if (name !== '') go('', { replace: true })
      onChange()
    }
    const view = VIEWS[name] ?? SignIn
    return html`<${view} key=${name} problem=${isNew ? problem : undefined} onTried=${() => setNew(false)} onSignedIn=${onSignedIn} />`
  }
  if (needsFactor()) return html`<${Factor} onPassed=${onChange} onCancel=${startAgain} />`
  if (currentStep().needsPassword)
    return html`<${NewPassword} onDone=${() => {
      setStep({})
      onChange()
    }} />`
  return isFresh ? html`<${HandOver} />` : html`<${Continue} onOther=${startAgain} />`
}
