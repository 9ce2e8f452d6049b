/** The way in: one card. */
import { openSession } from './api.js'
import { sendWithCaptcha } from './captcha.js'
import { FieldError } from './errors.js'
import { t } from './i18n.js'
import { html } from './lib.js'
import { Brand, Field, Form, LanguageSelect, Notice, Step, Submit } from './ui.js'

export function Entry({ reason, onLanguage, onSignedIn }) {
  const signIn = async ({ email, password }) => {
    if (email.trim() === '') throw new FieldError('email', 'common.required')
    if (password === '') throw new FieldError('password', 'common.required')
    const body = { email: email.trim(), password }
    openSession(await sendWithCaptcha('/token', 'sign_in', { query: { grant_type: 'password' }, body }))
    onSignedIn()
  }
  return html`<main class="entry">
    <div class="card">
      <${Brand} />
      <${Step} title=${t('signIn.title')}>
        ${reason && html`<${Notice}>${t(reason)}<//>`}
        <${Form} onSubmit=${signIn}>
          ${({ errorOf, isBusy }) => html`
            <${Field} label=${t('signIn.email')} name="email" type="email" autocomplete="username webauthn" error=${errorOf('email')} autofocus />
            <${Field} label=${t('signIn.password')} name="password" type="password" autocomplete="current-password" error=${errorOf('password')} />
            <${Submit} isBusy=${isBusy}>${t('signIn.submit')}<//>
          `}
        <//>
      <//>
    </div>
    <footer><${LanguageSelect} onChange=${onLanguage} /></footer>
  </main>`
}
