/** What a user does in each example with pages: they have the same fields and buttons. */
import { expect } from 'bun:test'
import type { Browser, BrowserContext, Page, Route } from 'playwright-core'
import { lastMessageOfKind } from './binary-mailbox'
import { openBrowser } from './browser'
import type { ApplicationServer } from './examples'

const EMAIL = 'ada@example.com'
const PASSWORD = 'correct-horse-battery-9'
const NEW_PASSWORD = 'staple-battery-horse-7'

export interface Site {
  server: ApplicationServer
  /** Such as `http://localhost:41234`. */
  origin: string
  /** Paths of the page to sign in and of the protected page. */
  signIn: string
  account: string
  /** Whether it renders pages with the user in them on the server. */
  rendersOnServer?: boolean
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

/** Only a path: supabase-js leaves a bare `#` behind. */
const isAt = (page: Page, path: string) => page.waitForURL(({ pathname }) => pathname === path)
/** Next.js keeps the page before in the document, hidden. */
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true }).filter({ visible: true })
const account = (page: Page) => page.getByText(`Signed in as ${EMAIL}`).filter({ visible: true })
const isSignedIn = (page: Page) => account(page).waitFor()
const status = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text, visible: true }).waitFor()

/** Opens the protected page without a session. @returns once the form to sign in is there in its place */
async function isSentAway(page: Page, site: Site): Promise<void> {
  await page.goto(site.origin + site.account)
  await isAt(page, site.signIn)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(await account(page).count()).toBe(0)
}

/** Fills the form and presses a button. */
async function submit(page: Page, button: string, email = EMAIL, password = PASSWORD): Promise<void> {
  await field(page, 'Email').fill(email)
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: button, exact: true }).click()
}

/** @returns once the protected page shows the user */
export async function signUp(page: Page, site: Site): Promise<void> {
  await page.goto(site.origin + site.signIn)
  await submit(page, 'Sign up')
  await isSignedIn(page)
  expect(new URL(page.url()).pathname).toBe(site.account)
}

async function signOut(page: Page, { signIn }: Site): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await isAt(page, signIn)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
}

/** The protected page sends visitors away before sign-up and after sign-out; between them, a reload keeps the user. */
export async function walkWithPassword(page: Page, site: Site): Promise<void> {
  await isSentAway(page, site)
  await signUp(page, site)
  await page.reload()
  await isSignedIn(page)
  await signOut(page, site)
  await isSentAway(page, site)

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
  await signOut(page, site)
}

/** What is typed before the scripts are there stays in the form. */
async function walkWithLateScripts(page: Page, site: Site): Promise<void> {
  const held: Route[] = []
  let isHeld = true
  await page.route('**/*.js', (route) => (isHeld ? void held.push(route) : route.continue()))
  await page.goto(site.origin + site.signIn, { waitUntil: 'commit' })
  await field(page, 'Email').fill(EMAIL)
  isHeld = false
  await Promise.all(held.map((route) => route.continue()))
  await page.waitForLoadState('networkidle')
  expect(await field(page, 'Email').inputValue()).toBe(EMAIL)
  await page.unroute('**/*.js')
}

/** The mail leads to the account page, where a new password is set, which then counts. */
async function walkWithReset(page: Page, site: Site): Promise<void> {
  await page.goto(site.origin + site.signIn)
  await submit(page, 'Reset password', EMAIL, '')
  await status(page, 'Check your mail')
  await page.goto((await lastMessageOfKind(site.server, EMAIL, 'recovery')).link)
  await isSignedIn(page)
  await field(page, 'New password').fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Change password' }).click()
  await status(page, 'Your password is changed')
  await signOut(page, site)

  await submit(page, 'Sign in')
  await status(page, 'Invalid login credentials')
  await submit(page, 'Sign in', EMAIL, NEW_PASSWORD)
  await isSignedIn(page)
}

const sessionOf = async (context: BrowserContext) =>
  (await context.cookies())
    .filter(({ name }) => name.startsWith('sb-'))
    .map(({ value }) => value)
    .join()

/**
 * For applications that render on the server: the page comes with the user in it, and an access token that is about to
 * expire is renewed on the way, in the cookies as well.
 */
async function walkOnServer({ context, page }: Visitor, { server, origin, signIn, account }: Site) {
  await server.restart({ AUTH_JWT_EXP: '60' })
  await page.goto(origin + signIn)
  await submit(page, 'Email me a link', EMAIL, '')
  await status(page, 'Check your mail')
  await page.goto((await lastMessageOfKind(server, EMAIL, 'magic_link')).link)
  await isSignedIn(page)
  await server.restart({})
  const load = async () => {
    const before = await sessionOf(context)
    const html = await (await context.request.get(origin + account)).text()
    return { hasUser: html.includes(EMAIL), isRenewed: before !== (await sessionOf(context)) }
  }
  expect(await load()).toEqual({ hasUser: true, isRenewed: true })
  expect(await load()).toEqual({ hasUser: true, isRenewed: false })
  await page.reload()
  await isSignedIn(page)
}

/** Everything that the examples with pages have in common, in two browsers. */
export async function walkThrough(site: Site): Promise<void> {
  await using browser = await openBrowser()
  await using ada = await newVisitor(browser)
  await using other = await newVisitor(browser)
  await walkWithPassword(ada.page, site)
  await walkWithLink(ada.page, other.page, site)
  await walkWithReset(ada.page, site)
  if (site.rendersOnServer) {
    await walkWithLateScripts(other.page, site)
    await walkOnServer(ada, site)
  }
  // Chromium reports every refused request; a wrong password is one.
  expect(ada.complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([])
}
