/** The page: the way in, and the account once it is open. */
import { AccountFrame } from './account.js'
import { currentSession, FACTOR_NEEDED, needsFactor, onSessionEnd } from './api.js'
import { Entry } from './entry.js'
import { loadTexts } from './i18n.js'
import { html, render, useEffect, useState } from './lib.js'
import { loadSettings } from './settings.js'

/** What is shown depends on the session, so each change of it draws the page again. */
function App() {
  const [, redraw] = useState()
  const [reason, setReason] = useState()
  useEffect(
    () =>
      onSessionEnd((why) => {
        setReason(why)
        redraw({})
      }),
    [],
  )
  useEffect(() => {
    const ask = () => redraw({})
    addEventListener(FACTOR_NEEDED, ask)
    return () => removeEventListener(FACTOR_NEEDED, ask)
  }, [])
  const isIn = currentSession() && !needsFactor()
  const onChange = () => redraw({})
  return isIn
    ? html`<${AccountFrame} onLanguage=${onChange} />`
    : html`<${Entry} reason=${reason} onLanguage=${onChange} onSignedIn=${onChange} />`
}

await Promise.all([loadTexts(), loadSettings()])
render(html`<${App} />`, document.getElementById('app'))
