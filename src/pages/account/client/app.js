/** The page: the way in, and the account once it is open. */
import { AccountFrame } from './account.js'
import { ACCOUNT_CHANGED, currentSession, onSessionEnd, signOut } from './api.js'
import { asked } from './application.js'
import { arrive } from './arrival.js'
import { Entry, isOnTheWay } from './entry.js'
import { loadTexts, t } from './i18n.js'
import { html, render, useEffect, useState } from './lib.js'
import { notify } from './notifications.js'
import { go } from './route.js'
import { loadSettings, showColors } from './settings.js'
import { setStep } from './steps.js'

/** What is shown depends on the session and the step, so each change of them draws the page again. */
function App({ arrival }) {
  const [, redraw] = useState()
  const [problem, setProblem] = useState(arrival.problem)
  const [isFresh, setFresh] = useState(arrival.isSignedIn === true)
  useEffect(
    () =>
      onSessionEnd((reason) => {
        setProblem(reason)
        setFresh(false)
        redraw({})
      }),
    [],
  )
  useEffect(() => {
    const follow = () => redraw({})
    addEventListener(ACCOUNT_CHANGED, follow)
    return () => removeEventListener(ACCOUNT_CHANGED, follow)
  }, [])
  // The browser may show this page again as it was left, on the way to the application.
  useEffect(() => {
    const again = ({ persisted }) => persisted && setFresh(false)
    addEventListener('pageshow', again)
    return () => removeEventListener('pageshow', again)
  }, [])
  const onLanguage = () => redraw({})
  const onChange = () => {
    setProblem(undefined)
    setFresh(true)
    redraw({})
  }
  return isOnTheWay()
    ? html`<${Entry} problem=${problem} isFresh=${isFresh} onChange=${onChange} onLanguage=${onLanguage} />`
    : html`<${AccountFrame} problem=${problem} onLanguage=${onLanguage} />`
}

const [, , arrival] = await Promise.all([loadTexts(), loadSettings(), arrive()])
showColors()
if (arrival.kind === 'recovery' && arrival.isSignedIn) setStep({ needsPassword: true })
if (asked.prompt === 'login' && !arrival.isSignedIn && currentSession()) await signOut()
if (asked.screen === 'sign-up' && location.hash === '' && !currentSession()) go('sign-up', { replace: true })
if (arrival.done) notify(t(arrival.done))
render(html`<${App} arrival=${arrival} />`, document.getElementById('app'))
