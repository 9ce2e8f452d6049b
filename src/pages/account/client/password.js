/** Sets or changes the password. */
import { get, put } from './api.js'
import { FieldError } from './errors.js'
import { t } from './i18n.js'
import { html } from './lib.js'
import { reloadAccount, WithAccount } from './my-account.js'
import { notify } from './notifications.js'
import { Head, Section } from './parts.js'
import { passwordRule } from './password-rule.js'
import { Failure, Field, Form, Submit, useAction } from './ui.js'

export const View = () => html`
  <${Head} title=${t('password.title')} intro=${t('password.intro')} />
  <${WithAccount}>${(account) => html`<${Password} ...${account} />`}<//>
`

const FIELDS = {
  current_password_required: 'current',
  current_password_invalid: 'current',
  reauthentication_needed: 'code',
  reauthentication_not_valid: 'code',
  weak_password: 'password',
  same_password: 'password',
}

function Password({ user, security: { password: needs } }) {
  const save = async ({ current = '', password, code = '' }) => {
    if (needs.needs_current && current === '') throw new FieldError('current', 'common.required')
    if (password === '') throw new FieldError('password', 'common.required')
    if (needs.needs_code && code.trim() === '') throw new FieldError('code', 'common.required')
    try {
      await put('/user', {
        password,
        current_password: current === '' ? undefined : current,
        nonce: code.trim() === '' ? undefined : code.trim(),
      })
    } catch (error) {
      // The session may have become too old for a change without a code.
      if (error.code === 'reauthentication_needed' || error.code === 'current_password_required') await reloadAccount()
      throw error
    }
    notify(t(needs.is_set ? 'password.changed' : 'password.added'))
    await reloadAccount()
  }
  return html`<${Section} title=${t(needs.is_set ? 'password.change' : 'password.set')}>
    <${Form} key=${user.updated_at} onSubmit=${save} fieldOf=${({ field, code }) => field ?? FIELDS[code]}>
      ${({ errorOf, isBusy }) => html`
        <input class="visually-hidden" type="text" autocomplete="username" value=${user.email || user.phone} readonly tabindex="-1" aria-hidden="true" />
        ${needs.needs_current && html`<${Field} label=${t('password.current')} name="current" type="password" autocomplete="current-password" error=${errorOf('current')} />`}
        <${Field} label=${t('password.new')} name="password" type="password" autocomplete="new-password" hint=${passwordRule()} error=${errorOf('password')} />
        ${needs.needs_code && html`<${CodeField} to=${user.email || `+${user.phone}`} error=${errorOf('code')} />`}
        <div class="actions"><${Submit} isBusy=${isBusy}>${t(needs.is_set ? 'password.submit' : 'password.submitSet')}<//></div>
      `}
    <//>
  <//>`
}

/** The code that proves that the user still has the address or number of the account. */
function CodeField({ to, error }) {
  const [isBusy, run, problem] = useAction()
  const send = () =>
    run(async () => {
      await get('/reauthenticate')
      notify(t('self.codeSent', { to }))
    })
  return html`
    ${problem && html`<${Failure} error=${problem} />`}
    <${Field}
      label=${t('self.code')}
      name="code"
      inputmode="numeric"
      autocomplete="one-time-code"
      hint=${t('password.codeHint', { to })}
      error=${error}
      aside=${html`<button type="button" class="small" aria-disabled=${isBusy ? 'true' : undefined} onClick=${send}>${t('self.sendCode')}</button>`}
    />
  `
}
