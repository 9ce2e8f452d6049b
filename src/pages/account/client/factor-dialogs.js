/** Dialogs that add a second factor. One that is not verified is removed again when its dialog closes. */
import { del, openSession, post } from './api.js'
import { createCredential } from './authenticator.js'
import { FieldError } from './errors.js'
import { t } from './i18n.js'
import { html, useEffect, useRef, useState } from './lib.js'
import { notify } from './notifications.js'
import { CopyButton } from './parts.js'
import { numberOf } from './phone-number.js'
import { Dialog, Failure, Field, Spinner } from './ui.js'

/** @returns the factor, and a function that verifies it: the session has then passed it */
async function enroll(body) {
  const factor = await post('/factors', body)
  const verify = async (answer) => openSession(await post(`/factors/${factor.id}/verify`, answer))
  return { ...factor, verify }
}

const challenge = (id) => post(`/factors/${id}/challenge`, {})

/** Removes a factor that was not verified. It would be removed later anyway. */
const withdraw = (id) => del(`/factors/${id}`).catch(() => undefined)

const requireCode = (code) => {
  const digits = code.replaceAll(/\s/g, '')
  if (digits === '') throw new FieldError('code', 'common.required')
  return digits
}

const codeProblem = ({ field, code }) =>
  field ?? (code === 'mfa_verification_failed' || code === 'mfa_challenge_expired' ? 'code' : undefined)

/** Enrolls once when the dialog opens. @returns `{ factor, error, done }` */
function useEnrolment(body) {
  const [state, setState] = useState({})
  const isVerified = useRef(false)
  useEffect(() => {
    let id
    let isOpen = true
    enroll(body).then(
      (factor) => {
        id = factor.id
        if (isOpen) setState({ factor })
        else withdraw(id)
      },
      (error) => isOpen && setState({ error }),
    )
    return () => {
      isOpen = false
      if (id && !isVerified.current) withdraw(id)
    }
  }, [])
  const done = () => {
    isVerified.current = true
  }
  return { ...state, done }
}

/** Groups of four are easier to type. */
const grouped = (secret) => secret.replaceAll(/(.{4})(?=.)/g, '$1 ')

export function AddAuthenticatorApp({ name, onAdded, onClose }) {
  const { factor, error, done } = useEnrolment({ factor_type: 'totp', friendly_name: name })
  const verify = async ({ code }) => {
    const digits = requireCode(code)
    const { id } = await challenge(factor.id)
    await factor.verify({ challenge_id: id, code: digits })
    done()
    await onAdded()
  }
  return html`<${Dialog} title=${t('factors.totpAdd')} submit=${t('self.confirm')} onSubmit=${verify} onClose=${onClose} fieldOf=${codeProblem}>
    ${({ errorOf }) => html`
      <p>${t('factors.totpScan')}</p>
      <div class="qr">
        ${
          factor
            ? html`<img src=${`data:image/svg+xml,${encodeURIComponent(factor.totp.qr_code)}`} width="219" height="219" alt=${t('factors.totpImage')} />`
            : error
              ? html`<${Failure} error=${error} />`
              : html`<${Spinner} />`
        }
      </div>
      <details>
        <summary>${t('factors.totpManual')}</summary>
        ${
          factor &&
          html`<p class="secret"><code>${grouped(factor.totp.secret)}</code> <${CopyButton} text=${factor.totp.secret} label=${t('self.copy')} /></p>
            <p><a href=${factor.totp.uri}>${t('factors.totpOpen')}</a></p>`
        }
      </details>
      <${Field} label=${t('factors.totpCode')} name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="7" error=${errorOf('code')} data-focus />
    `}
  <//>`
}

export function AddSecurityKey({ name: initial, onAdded, onClose }) {
  const add = async ({ name }) => {
    if (name.trim() === '') throw new FieldError('name', 'common.required')
    const factor = await enroll({ factor_type: 'webauthn', friendly_name: name.trim() })
    try {
      const { id, webauthn } = await challenge(factor.id)
      const credential = await createCredential(webauthn.credential_options.publicKey)
      await factor.verify({ challenge_id: id, webauthn: { type: 'create', credential_response: credential } })
    } catch (error) {
      await withdraw(factor.id)
      throw error
    }
    await onAdded()
  }
  return html`<${Dialog} title=${t('factors.webauthnAdd')} submit=${t('common.proceed')} onSubmit=${add} onClose=${onClose} fieldOf=${({ field, code }) => field ?? (code === 'mfa_factor_name_conflict' ? 'name' : undefined)}>
    ${({ errorOf }) => html`
      <p>${t('factors.webauthnHow')}</p>
      <${Field} label=${t('self.nameLabel')} name="name" initial=${initial} maxlength="60" autocomplete="off" error=${errorOf('name')} data-focus />
    `}
  <//>`
}

/** First the number, then the code that was sent to it. */
export function AddPhone({ name, onAdded, onClose }) {
  const [sent, setSent] = useState()
  const pending = useRef()
  useEffect(() => () => pending.current && withdraw(pending.current), [])
  const ask = async ({ phone }) => {
    const given = numberOf(phone)
    if (pending.current) await withdraw(pending.current)
    const factor = await enroll({ factor_type: 'phone', friendly_name: name, phone: given })
    pending.current = factor.id
    const { id } = await challenge(factor.id)
    setSent({ factor, challengeId: id, phone: given })
    notify(t('self.codeSent', { to: given }))
    return false
  }
  const verify = async ({ code }) => {
    await sent.factor.verify({ challenge_id: sent.challengeId, code: requireCode(code) })
    pending.current = undefined
    await onAdded()
  }
  return html`<${Dialog} key=${sent ? 'code' : 'number'} title=${t('factors.phoneAdd')} submit=${t(sent ? 'self.confirm' : 'self.sendCode')} onSubmit=${sent ? verify : ask} onClose=${onClose} fieldOf=${codeProblem}>
    ${({ errorOf }) =>
      sent
        ? html`<p>${t('self.codeSent', { to: sent.phone })}</p>
            <${Field} label=${t('self.code')} name="code" inputmode="numeric" autocomplete="one-time-code" error=${errorOf('code')} data-focus />`
        : html`<p>${t('factors.phoneHow')}</p>
            <${Field} label=${t('contacts.phone')} name="phone" type="tel" autocomplete="tel" hint=${t('contacts.phoneHint')} error=${errorOf('phone')} data-focus />`}
  <//>`
}
