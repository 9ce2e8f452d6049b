/** The page: the way in, and the account once it is open. */
import { ACCOUNT_CHANGED, currentSession, joinTabs, onSessionChange, signOut } from './api.js'
import { asked } from './application.js'
import { arrive } from './arrival.js'
import { Entry, isOnTheWay } from './entry.js'
import { ROOT } from './http.js'
import { loadTexts, loadViewTexts, t } from './i18n.js'
import { html, render, useEffect, useState } from './lib.js'
import { go } from './route.js'
import { loadSettings, showColors } from './settings.js'
import { setStep } from './steps.js'
import { Failure } from './ui.js'

/** The views of the account, with their texts and styles; loaded once they are needed. */
let views

async function loadViews() {
  const [account, notifications] = await Promise.all([
    import('./account.js'),
    import('./notifications.js'),
    loadViewTexts(),
    loadStyle(`${ROOT}account/views.css`),
  ])
  views = { ...account, ...notifications }
}

function loadStyle(href) {
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href })
  return new Promise((resolve, reject) => {
    link.onload = resolve
    link.onerror = reject
    document.head.append(link)
  })
}

/** What is shown depends on the session and the step, so each change of them draws the page again. */
function App({ arrival }) {
  const [, redraw] = useState()
  const [problem, setProblem] = useState(arrival.problem)
  const [isFresh, setFresh] = useState(arrival.isSignedIn === true)
  const [offered, setOffered] = useState(arrival.offered)
  useEffect(
    () =>
      onSessionChange((reason) => {
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
    setOffered(undefined)
    setFresh(true)
    redraw({})
  }
  const entry = { problem, isFresh, offered, onChange, onLanguage, onDeclined: () => setOffered(undefined) }
  if (offered || isOnTheWay()) return html`<${Entry} ...${entry} />`
  return html`<${Account} problem=${problem} onLanguage=${onLanguage} />`
}

/** The account, as soon as its views are there. */
function Account(props) {
  const [error, setError] = useState()
  const [, redraw] = useState()
  useEffect(() => {
    if (!views) void loadViews().then(() => redraw({}), setError)
  }, [])
  if (error) return html`<${Failed} error=${error} />`
  return views && html`<${views.AccountFrame} ...${props} />`
}

const Failed = ({ error }) => html`<main class="entry"><div class="card"><${Failure} error=${error} /></div></main>`

async function start() {
  // An application that asks for a new sign-in gets none from another tab.
  await Promise.all([loadTexts(), asked.prompt === 'login' ? undefined : joinTabs()])
  const [, arrival] = await Promise.all([loadSettings(), arrive()])
  showColors()
  if (arrival.kind === 'recovery' && arrival.isSignedIn) setStep({ needsPassword: true })
  if (asked.prompt === 'login' && !arrival.isSignedIn && currentSession()) await signOut()
  if (asked.screen === 'sign-up' && location.hash === '' && !currentSession()) go('sign-up', { replace: true })
  // Both are drawn at once, without a moment of emptiness between.
  if (!arrival.offered && !isOnTheWay()) {
    await loadViews()
    if (arrival.done) views.notify(t(arrival.done))
  }
  return html`<${App} arrival=${arrival} />`
}

const root = document.getElementById('app')
start().then(
  (page) => render(page, root),
  (error) => render(html`<${Failed} error=${error} />`, root),
)
