/** Sign-in and sign-up on the account page, and every state in which an account can be. */
import { expect } from 'bun:test'
import { addAuthenticator, alert, entrySuite, PASSWORD, type signIn, step } from '../support/account-entry'
import { browserTest, focused } from '../support/browser'

const suite = entrySuite({ AUTH_PASSWORD_MIN_LENGTH: '10', AUTH_EXTERNAL_PHONE_ENABLED: 'true' })
const { address, appOrigin, ask, asServer, backInApplication, fromApplication } = suite
const { makeUser, messageOf, origin, provider, tokenOf, visit } = suite

const CONTACT = 'Email address or phone number'

browserTest('what is missing is said next to the field, which gets the focus', async () => {
  await using site = await visit()
  const { page, problems } = site
  await page.goto(`${origin()}/account`)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  const field = page.getByLabel(CONTACT)
  await page.getByText('Fill in this field.').waitFor()
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  await focused(field)
  const described = await field.getAttribute('aria-describedby')
  expect(await page.locator(`[id="${described}"]`).textContent()).toBe('Fill in this field.')
  await field.fill('ada@example.com')
  await page.keyboard.press('Enter')
  await focused(page.getByLabel('Password', { exact: true }).and(page.locator('[aria-invalid=true]')))
  expect(await field.getAttribute('aria-invalid')).toBeNull()
  expect(problems).toEqual([])
})

browserTest('wrong details are refused alike for known and unknown addresses', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  for (const each of [email, address('nobody'), 'someone', '+15551230000']) {
    await page.goto('about:blank')
    await page.goto(`${origin()}/account`)
    await page.getByLabel(CONTACT).fill(each)
    await page.getByLabel('Password', { exact: true }).fill('wrong')
    await page.keyboard.press('Enter')
    await alert(page, 'These details do not match an account.')
    expect(await page.getByLabel(CONTACT).inputValue()).toBe(each)
  }
})

browserTest('a password can be shown, and a form is sent once', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  const password = page.getByLabel('Password', { exact: true })
  await password.fill(PASSWORD)
  const reveal = page.getByRole('button', { name: 'Show password' })
  await reveal.click()
  expect([await password.getAttribute('type'), await reveal.getAttribute('aria-pressed')]).toEqual(['text', 'true'])
  await reveal.click()
  expect(await password.getAttribute('type')).toBe('password')

  const sent: string[] = []
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
  await page.route('**/token?**', async (route) => {
    sent.push(route.request().url())
    await mayAnswer
    await route.continue()
  })
  await page.getByLabel(CONTACT).fill(email)
  const submit = page.getByRole('button', { name: 'Sign in', exact: true })
  await submit.click()
  await page.locator('button[aria-disabled=true]').first().waitFor()
  await submit.click({ force: true })
  await password.press('Enter')
  answer()
  await step(page, 'Overview')
  expect(sent.length).toBe(1)
})

browserTest('a phone number signs in as it was typed, with spaces and brackets', async () => {
  const phone = '15550001111'
  await makeUser({ email: undefined, phone: `+${phone}`, phone_confirm: true })
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  await page.getByLabel(CONTACT).fill('+1 (555) 000-1111')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await step(page, 'Overview')
  await page.getByText(`+${phone}`).first().waitFor()
})

browserTest('an unconfirmed account gets another message, and its code opens the account', async () => {
  const { email } = await makeUser({ email_confirm: false })
  await using site = await visit()
  const { page } = site
  await fromApplication(page)
  await page.getByLabel(CONTACT).fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await alert(page, 'Your address is not confirmed yet.')
  await page.getByRole('button', { name: 'Send again' }).click()
  await step(page, 'Check your email')
  await page.getByLabel('Code').fill((await messageOf(email, 'confirmation')).code)
  await page.keyboard.press('Enter')
  await backInApplication(page, email)
})

browserTest('a banned account is told so', async () => {
  const { id, email } = await makeUser()
  await asServer('PUT', `/admin/users/${id}`, { ban_duration: '1h' })
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  await signInIn(page, email, CONTACT, 'Password')
  await alert(page, 'This account is blocked.')
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
})

browserTest('sign-up looks the same for a new and a known address, and the code opens the account', async () => {
  const known = await makeUser()
  const fresh = address('fresh')
  const texts: string[] = []
  for (const email of [known.email, fresh]) {
    await using site = await visit()
    const { page, problems } = site
    await page.goto(`${origin()}/account#/sign-up`)
    await page.getByText('At least 10 characters.').waitFor()
    await page.getByLabel(CONTACT).fill(email)
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.keyboard.press('Enter')
    await alert(page, 'This password is too easy to guess.')
    expect(await page.getByLabel('Password', { exact: true }).getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.keyboard.press('Enter')
    await step(page, 'Check your email')
    texts.push(((await page.locator('main').textContent()) ?? '').replace(email, '(address)'))
    expect(problems).toEqual([])
    if (email === known.email) continue

    await page.getByLabel('Code').fill('000000')
    await page.keyboard.press('Enter')
    await alert(page, 'This code is wrong or has expired.')
    // A phone may reload the tab while its user looks at the mail.
    await page.reload()
    await step(page, 'Check your email')
    await page.getByLabel('Code').fill((await messageOf(email, 'confirmation')).code)
    await page.keyboard.press('Enter')
    await step(page, 'Overview')
  }
  expect(texts[0]).toBe(texts[1] as string)
})

browserTest('a provider signs in, and what it answers is never shown', async () => {
  const email = address('google')
  provider.claims = { sub: `google-${email}`, email, email_verified: true, name: '<img src=x onerror=alert(1)>' }
  await using site = await visit()
  const { page, problems } = site
  provider.refuses = { error: 'access_denied', error_description: '<b>Call 555-0100</b>' }
  await fromApplication(page)
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await alert(page, 'The provider did not complete the sign-in.')
  expect(await page.locator('body').textContent()).not.toContain('555-0100')
  expect(new URL(page.url()).searchParams.has('error_description')).toBe(false)
  expect(new URL(page.url()).hash).toBe('')

  provider.refuses = undefined
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await backInApplication(page, email)
  expect(problems).toEqual([])
})

for (const [how, isOffered] of [
  ['from the suggestions of the first field', true],
  ['by its button', false],
] as const)
  browserTest(`a passkey signs in ${how}`, async () => {
    const { email } = await makeUser()
    await using site = await visit()
    const { page, problems } = site
    // The authenticator of the test answers at once, as if the suggestion had been chosen.
    if (!isOffered)
      await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false)')
    await page.goto(`${origin()}/account/style.css`)
    await addAuthenticator(page)
    await page.evaluate(`(async () => {
      const post = async (path, body) => (await fetch('/auth/v1/passkeys/registration/' + path, {
        method: 'POST', body: JSON.stringify(body), headers: { authorization: 'Bearer ${await tokenOf(email)}' },
      })).json()
      const { challenge_id, options } = await post('options', {})
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
      const credential = (await navigator.credentials.create({ publicKey })).toJSON()
      await post('verify', { challenge_id, credential })
    })()`)
    await page.goto(`${origin()}/account`)
    if (!isOffered) await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await step(page, 'Overview')
    await page.getByText(email).first().waitFor()
    expect(problems).toEqual([])
  })

browserTest('a passkey that is not there leaves the page as it was', async () => {
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal' } })
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await alert(page, 'The browser did not finish')
  await page.getByLabel(CONTACT).fill('x')
})

browserTest('a code by SMS signs in, and makes the account of a new number', async () => {
  await using site = await visit()
  const { page } = site
  await fromApplication(page)
  await page.getByRole('button', { name: 'Send me a link or code' }).click()
  await page.getByText('Fill in this field.').waitFor()
  await page.getByLabel(CONTACT).fill('+1 555 000 2222')
  await page.getByRole('button', { name: 'Send me a link or code' }).click()
  await step(page, 'Check your phone')
  await page.getByLabel('Code').fill((await messageOf('15550002222', 'phone_confirmation')).code)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${appOrigin()}/callback`)
})

browserTest('the page has the language of the browser, the chosen one, or that of the address', async () => {
  const { email } = await makeUser()
  await using site = await visit({ locale: 'de-AT' })
  const { page } = site
  await page.goto(`${origin()}/account`)
  await step(page, 'Anmelden')
  expect(await page.locator('html').getAttribute('lang')).toBe('de')
  await page.getByLabel('E-Mail-Adresse oder Telefonnummer').fill(email)
  await page.getByLabel('Sprache').selectOption('fr')
  await step(page, 'Connexion')
  expect(await page.locator('html').getAttribute('lang')).toBe('fr')
  expect(await page.getByLabel('Adresse e-mail ou numéro de téléphone').inputValue()).toBe(email)
  await page.reload()
  await step(page, 'Connexion')
  await page.goto(`${origin()}/account?lang=ja`)
  await step(page, 'ログイン')
  expect(await page.title()).toBe('ログイン · Acme')
  await signInIn(page, email, 'メールアドレスまたは電話番号', 'パスワード')
  await step(page, '概要')
})

async function signInIn(page: Parameters<typeof signIn>[0], email: string, contact: string, password: string) {
  await page.getByLabel(contact).fill(email)
  await page.getByLabel(password, { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
}

browserTest('signing out ends the session on the server, and leaves nothing in the tab', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  await signInIn(page, email, CONTACT, 'Password')
  await step(page, 'Overview')
  const stored = JSON.parse((await page.evaluate("sessionStorage.getItem('latchkey-account')")) as string)
  expect(await page.context().cookies()).toEqual([])
  const ended = page.waitForResponse((response) => response.url().includes('/logout'))
  await page.getByRole('button', { name: 'Sign out' }).click()
  expect((await ended).status()).toBe(204)
  await step(page, 'Sign in')
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
  expect((await ask('GET', '/auth/v1/user', { token: stored.accessToken })).status).toBe(403)
})
