/** From the open account to the application. */
import { currentSession, openSession } from './api.js'
import { applicationName, goToApplication } from './application.js'
import { ROOT, send } from './http.js'
import { rich, t } from './i18n.js'
import { html, useEffect } from './lib.js'
import { setStep } from './steps.js'
import { Failure, Icon, nameOfUser, Spinner, Step, useAction } from './ui.js'

const continueAs = (name) => rich('signIn.continueAs', { name: html`<span class="name">${name}</span>` })

/** After a sign-in: goes on without another question. */
export function HandOver() {
  const [, run, error] = useAction()
  useEffect(() => {
    run(goToApplication)
  }, [])
  return html`<${Step} title=${t('signIn.continuing', { app: applicationName })}>
    ${
      error
        ? html`<${Failure} error=${error} />
          <button type="button" class="primary" onClick=${() => run(goToApplication)}>${t('common.retry')}</button>
          <a class="button" href=${`${ROOT}account`}>${t('signIn.toAccount')}</a>`
        : html`<p class="center"><${Spinner} /></p>`
    }
  <//>`
}

/** With a session that was open before: asks which account the application should get. */
export function Continue({ onOther }) {
  const [isBusy, run, error] = useAction()
  const name = nameOfUser(currentSession().user)
  return html`<${Step} title=${t('signIn.continueTo', { app: applicationName })}>
    ${error && html`<${Failure} error=${error} />`}
    <button type="button" class="primary" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => run(goToApplication)} data-focus>
      <${Icon} name="person" /><span>${continueAs(name)}</span>${isBusy && html`<span class="spinner" aria-hidden="true" />`}
    </button>
    <button type="button" onClick=${onOther}>${t('signIn.otherAccount')}</button>
  <//>`
}

/** Invitations and resets that an administrator sent come without a password that is known. */
const WITHOUT_PASSWORD = ['invite', 'recovery']

/** A link that opens an account, and did not begin in this browser: asks whether it is the right one. */
export function Offered({ offered: { session, kind }, onAccepted, onDeclined }) {
  const [isBusy, run] = useAction()
  const name = nameOfUser(session.user)
  const accept = () => {
    openSession(session)
    setStep(WITHOUT_PASSWORD.includes(kind) ? { needsPassword: true } : {})
    onAccepted()
  }
  const decline = async () => {
    await send('POST', '/logout', { query: { scope: 'local' }, token: session.access_token }).catch(() => undefined)
    onDeclined()
  }
  return html`<${Step} title=${t('signIn.title')} text=${t('signIn.linkOf', { name })}>
    <button type="button" class="primary" onClick=${accept} data-focus><${Icon} name="person" /><span>${continueAs(name)}</span></button>
    <button type="button" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => run(decline)}>${t('signIn.otherAccount')}</button>
  <//>`
}

/** The application is unknown here. Nothing leads to it. */
export const Refused = () => html`<${Step} title=${t('signIn.refusedTitle')} text=${t('signIn.refusedText')}>
  <a class="button" href=${`${ROOT}account`}>${t('signIn.toAccount')}</a>
<//>`
