/** What a user does in each example with pages: they have the same fields and buttons. */
import { expect } from 'bun:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Binary } from './binary'
import { lastMessageOfKind } from './binary-mailbox'

const EMAIL = 'ada@example.com'
const PASSWORD = 'correct-horse-battery-9'
const NEW_PASSWORD = 'staple-battery-horse-7'

export interface Site {
  server: Binary
  /** Such as `http://localhost:41234`. */
  origin: string
  /** Paths of the page to sign in and of the protected page. */
  signIn: string
  account: string
}

export interface Visitor extends AsyncDisposable {
  context: BrowserContext
  page: Page
  /** Errors in the console. */
  complaints: string[]
}

export async function newVisitor(browser: Browser): Promise<Visitor> {
  const context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  const complaints: string[] = []
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  return { context, page: await context.newPage(), complaints, [Symbol.asyncDispose]: () => context.close() }
}

const isSignedIn = (page: Page) => page.getByText(`Signed in as ${EMAIL}`).waitFor()
const status = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor()

/** Fills the form and presses a button. */
async function submit(page: Page, button: string, email = EMAIL, password = PASSWORD): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: button, exact: true }).click()
}

/** @returns once the protected page shows the user */
export async function signUp(page: Page, { origin, signIn, account }: Site): Promise<void> {
  await page.goto(origin + signIn)
  await submit(page, 'Sign up')
  await isSignedIn(page)
  expect(new URL(page.url()).pathname).toBe(account)
}

async function signOut(page: Page, { origin, signIn }: Site): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(origin + signIn)
}

/** The protected page sends visitors away before sign-up and after sign-out; between them, a reload keeps the user. */
export async function walkWithPassword(page: Page, site: Site): Promise<void> {
  await page.goto(site.origin + site.account)
  await page.waitForURL(site.origin + site.signIn)
  await signUp(page, site)
  await page.reload()
  await isSignedIn(page)
  await signOut(page, site)
  await page.goto(site.origin + site.account)
  await page.waitForURL(site.origin + site.signIn)

  await submit(page, 'Sign in', EMAIL, 'wrong-horse-battery-9')
  await status(page, 'Invalid login credentials')
  await submit(page, 'Sign in')
  await isSignedIn(page)
  await signOut(page, site)
}

/** A link signs in, and when it is opened again in another browser, the page says why it does not. */
export async function walkWithLink(page: Page, other: Page, site: Site): Promise<void> {
  await page.goto(site.origin + site.signIn)
  await submit(page, 'Email me a link', EMAIL, '')
  await status(page, 'Check your mail')
  const { link } = await lastMessageOfKind(site.server, EMAIL, 'magic_link')
  await page.goto(link)
  await isSignedIn(page)
  const { origin, pathname, search, hash } = new URL(page.url())
  expect([origin + pathname, search, hash]).toEqual([site.origin + site.account, '', ''])

  await other.goto(link)
  await status(other, 'Email link is invalid or has expired')
}

/** The mail leads to the account page, where a new password is set, which then counts. */
export async function walkWithReset(page: Page, site: Site): Promise<void> {
  await page.goto(site.origin + site.signIn)
  await submit(page, 'Reset password', EMAIL, '')
  await status(page, 'Check your mail')
  await page.goto((await lastMessageOfKind(site.server, EMAIL, 'recovery')).link)
  await isSignedIn(page)
  await page.getByLabel('New password').fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Change password' }).click()
  await status(page, 'Your password is changed')
  await signOut(page, site)

  await submit(page, 'Sign in')
  await status(page, 'Invalid login credentials')
  await submit(page, 'Sign in', EMAIL, NEW_PASSWORD)
  await isSignedIn(page)
}
