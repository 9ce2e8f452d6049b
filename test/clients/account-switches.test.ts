/** The account page of servers with other settings: captcha, no sign-ups, no passwords, and limits. */
import { describe, expect } from 'bun:test'
import { alert, entrySuite, PASSWORD, signIn, step } from '../support/account-entry'
import { browserTest } from '../support/browser'
import { POW } from '../support/captcha'

describe('with a proof of work as captcha', () => {
  const { address, backInApplication, fromApplication, makeUser, messageOf, origin, visit } = entrySuite(POW)

  browserTest('the page solves it by itself, for each request that asks for it', async () => {
    const { email } = await makeUser()
    await using site = await visit()
    const { page, problems } = site
    await fromApplication(page)
    await signIn(page, email, 'wrong')
    await alert(page, 'These details do not match an account.')
    await signIn(page, email)
    await backInApplication(page, email)

    const fresh = address('fresh')
    await page.goto(`${origin()}/account`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign up' }).click()
    await step(page, 'Create your account')
    await page.getByLabel('Email address').fill(fresh)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.keyboard.press('Enter')
    await step(page, 'Check your email')
    await page.getByRole('button', { name: 'Send again' }).click()
    await page.getByText('Sent again.').waitFor()
    await page.getByLabel('Code').fill((await messageOf(fresh, 'confirmation')).code)
    await page.keyboard.press('Enter')
    await step(page, 'Overview')
    expect(problems).toEqual([])
  })
})

describe('with a captcha of a provider, and without sign-ups', () => {
  const { address, origin, visit } = entrySuite({
    AUTH_SECURITY_CAPTCHA_ENABLED: 'true',
    AUTH_SECURITY_CAPTCHA_PROVIDER: 'turnstile',
    AUTH_SECURITY_CAPTCHA_SECRET: 'secret',
    AUTH_DISABLE_SIGNUP: 'true',
  })

  browserTest('the page says that it cannot show it, and offers no sign-up', async () => {
    await using site = await visit()
    const { page, problems } = site
    await page.goto(`${origin()}/account`)
    await page.getByText('This service uses a captcha that this page cannot show.').waitFor()
    expect(await page.getByRole('link', { name: 'Sign up' }).count()).toBe(0)
    await page.goto(`${origin()}/account#/sign-up`)
    await page.reload()
    await page.getByText('New accounts cannot be created here at the moment.').waitFor()
    expect(await page.locator('main input').count()).toBe(0)
    await page.getByRole('link', { name: 'Back to sign-in' }).click()
    await signIn(page, address(), PASSWORD)
    await page.getByRole('alert').filter({ hasText: 'captcha' }).waitFor()
    // The solver is looked for, and is not there.
    expect(problems.filter((problem) => !problem.includes('/captcha/pow.js'))).toEqual([])
  })
})

describe('without sign-ups and passkeys', () => {
  const { address, makeUser, messageOf, origin, visit } = entrySuite({
    AUTH_DISABLE_SIGNUP: 'true',
    AUTH_PASSKEY_ENABLED: 'false',
  })

  browserTest('an unknown address looks like a known one', async () => {
    const { email } = await makeUser()
    const texts: string[] = []
    await using site = await visit()
    const { page } = site
    for (const each of [address('nobody'), email]) {
      await page.goto('about:blank')
      await page.goto(`${origin()}/account`)
      await page.getByLabel('Email address').fill(each)
      expect(await page.getByText('passkey').count()).toBe(0)
      await page.getByRole('button', { name: 'Send me a sign-in link' }).click()
      await step(page, 'Check your email')
      await page.getByRole('button', { name: 'Send again' }).click()
      await page.getByText('Sent again.').waitFor()
      texts.push(((await page.locator('main').textContent()) ?? '').replace(each, '(address)'))
    }
    expect(texts[0]).toBe(texts[1] as string)
    await page.getByLabel('Code').fill((await messageOf(email, 'magic_link')).code)
    await page.keyboard.press('Enter')
    await step(page, 'Overview')
  })
})

describe('with limits', () => {
  const { makeUser, origin, visit } = entrySuite({
    AUTH_SMTP_MAX_FREQUENCY: '60s',
  })

  browserTest('a message that was asked for too soon says how long to wait', async () => {
    const { email } = await makeUser()
    await using site = await visit()
    const { page } = site
    await page.goto(`${origin()}/account`)
    await page.getByLabel('Email address').fill(email)
    await page.getByRole('button', { name: 'Send me a sign-in link' }).click()
    await step(page, 'Check your email')
    await page.getByRole('button', { name: 'Send again' }).click()
    await alert(page, /You can try again in ([1-9]\d? seconds?|1 minute)\./)
  })
})
