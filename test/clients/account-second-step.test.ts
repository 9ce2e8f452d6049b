/** The second factor on the way in to the account page: every kind, wrong answers, and the lock after too many. */
import { expect } from 'bun:test'
import { addAuthenticator, alert, entrySuite, signIn, step } from '../support/account-entry'
import { binaryMailboxOf } from '../support/binary-mailbox'
import { browserTest, focused } from '../support/browser'
import { codeAt } from '../support/totp'

const {
  ask,
  asServer,
  backInApplication,
  fromApplication,
  makeUser,
  messageOf,
  origin,
  protect,
  server,
  tokenOf,
  visit,
} = entrySuite({
  AUTH_MFA_PHONE_ENROLL_ENABLED: 'true',
  AUTH_MFA_PHONE_VERIFY_ENABLED: 'true',
  AUTH_MFA_PHONE_MAX_FREQUENCY: '0s',
  AUTH_MFA_WEB_AUTHN_ENROLL_ENABLED: 'true',
  AUTH_MFA_WEB_AUTHN_VERIFY_ENABLED: 'true',
})

browserTest('an authenticator app: a wrong code is said next to the field, the right one goes on', async () => {
  const { id, email } = await makeUser()
  const { secret } = await protect(email)
  await using site = await visit()
  const { page, problems } = site
  await fromApplication(page)
  await signIn(page, email)
  await step(page, 'Second step')
  const code = page.getByLabel('Code', { exact: true })
  expect(await code.getAttribute('autocomplete')).toBe('one-time-code')
  await focused(code)
  await page.reload()
  await step(page, 'Second step')
  await code.fill('000000')
  await page.keyboard.press('Enter')
  await alert(page, 'This is not right.')
  expect(await code.getAttribute('aria-invalid')).toBe('true')
  const now = codeAt(secret, Date.now())
  await code.fill(`${now.slice(0, 3)} ${now.slice(3)}`)
  await page.keyboard.press('Enter')
  await backInApplication(page, email)
  // That of the set-up, of the page and of the application.
  const { body } = await asServer('GET', `/admin/users/${id}/sessions`)
  expect(body.items.map(({ aal }: { aal: string }) => aal)).toEqual(['aal2', 'aal2', 'aal2'])
  expect(problems).toEqual([])
})

browserTest('a recovery code works once, and another account can be used instead', async () => {
  const { email } = await makeUser()
  const { codes } = await protect(email)
  await using site = await visit()
  const { page } = site
  for (const text of [undefined, 'This is not right.']) {
    await page.goto(`${origin()}/account`)
    await signIn(page, email)
    await page.getByText('Use another method').click()
    await page.getByRole('button', { name: 'Recovery code' }).click()
    await page.getByLabel('Recovery code').fill((codes[0] as string).toUpperCase())
    await page.keyboard.press('Enter')
    if (text !== undefined) break
    await step(page, 'Overview')
    await page.getByRole('button', { name: 'Sign out' }).click()
  }
  await alert(page, 'This is not right.')
  await page.getByRole('button', { name: 'Use another account' }).click()
  await step(page, 'Sign in')
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
})

browserTest('a code by SMS is sent on request', async () => {
  const { email } = await makeUser()
  const token = await tokenOf(email)
  const phone = '15550003333'
  const { body: factor } = await ask('POST', '/auth/v1/factors', {
    token,
    body: { factor_type: 'phone', phone: `+${phone}` },
  })
  const { body: challenge } = await ask('POST', `/auth/v1/factors/${factor.id}/challenge`, { token, body: {} })
  const enrolment = await messageOf(phone, 'mfa_challenge')
  const { status } = await ask('POST', `/auth/v1/factors/${factor.id}/verify`, {
    token,
    body: { challenge_id: challenge.id, code: enrolment.code },
  })
  expect(status).toBe(200)
  await using site = await visit()
  const { page } = site
  await fromApplication(page)
  await signIn(page, email)
  await step(page, 'Second step')
  expect((await binaryMailboxOf(server(), phone)).length).toBe(1)
  await page.getByRole('button', { name: 'Send code' }).click()
  await page.getByText('The code was sent.').waitFor()
  const sms = await messageOf(phone, 'mfa_challenge')
  expect(sms.id).not.toBe(enrolment.id)
  await page.getByLabel('Code', { exact: true }).fill(sms.code)
  await page.keyboard.press('Enter')
  await backInApplication(page, email)
})

browserTest('a security key', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page, problems } = site
  await page.goto(`${origin()}/account/style.css`)
  await addAuthenticator(page, 'usb')
  await page.evaluate(`(async () => {
    const post = async (path, body) => (await fetch('/auth/v1/factors' + path, {
      method: 'POST', body: JSON.stringify(body), headers: { authorization: 'Bearer ${await tokenOf(email)}' },
    })).json()
    const { id } = await post('', { factor_type: 'webauthn', friendly_name: 'Blue key' })
    const challenge = await post('/' + id + '/challenge', {})
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(challenge.webauthn.credential_options.publicKey)
    const credential_response = (await navigator.credentials.create({ publicKey })).toJSON()
    await post('/' + id + '/verify', { challenge_id: challenge.id, webauthn: { type: 'create', credential_response } })
  })()`)
  await page.goto(`${origin()}/account`)
  await signIn(page, email)
  await step(page, 'Second step')
  await page.getByRole('button', { name: 'Use security key' }).click()
  await step(page, 'Overview')
  expect(problems).toEqual([])
})
