/** A headless Chromium, if this machine has one, and how tests wait for what a page shows. */
import { test } from 'bun:test'
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

export const executablePath = process.env.CHROMIUM ?? CANDIDATES.find((path) => existsSync(path))

/** Browser tests are skipped without it; `.ci/run` installs it. */
export const hasBrowser = executablePath !== undefined

/** For hooks that start a browser and a server, which takes long on a busy machine. */
export const START_MS = 120_000

/** A test in a browser. Each wait in it has a limit of its own, which names what did not come; this one is above them. */
export const browserTest = (name: string, run: () => Promise<void>): void =>
  test.skipIf(!hasBrowser)(name, run, 300_000)

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    timeout: START_MS,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** Waits until an element has the focus. */
export const focused = (target: Locator): Promise<void> => target.and(target.page().locator(':focus')).waitFor()

/**
 * Waits for "Copied", which is shown for a moment alone.
 * @param act what begins after the waiting, since a busy machine may take longer than that moment
 */
export async function copied(scope: Locator | Page, act: () => Promise<void>): Promise<void> {
  await Promise.all([scope.getByText('Copied', { exact: true }).waitFor(), act()])
}

/** Closes the open dialog without a choice. */
export async function dismiss(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
}

/** Messages about what was done, which go away after some seconds. */
const MESSAGES = '.notifications p, .toast'

/** Lets the pages of a context note their messages, for `messageShown`. */
export const noteMessages = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(`new MutationObserver((changes) => {
    for (const added of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
      if (!(added instanceof Element)) continue
      const messages = added.matches('${MESSAGES}') ? [added] : added.querySelectorAll('${MESSAGES}')
      for (const { textContent } of messages)
        document.head.append(Object.assign(document.createElement('meta'), { name: 'message', content: textContent }))
    }
  }).observe(document, { childList: true, subtree: true })`)

/** Waits for a message with a text, even if it is gone already; each one counts once. */
export const messageShown = (page: Page, text: string): Promise<void> =>
  page
    .locator(`meta[name=message][content*=${JSON.stringify(text)}]`)
    .first()
    .evaluate((note) => note.remove())

/** Waits until what was done just now has been drawn. */
export const drawn = (page: Page): Promise<unknown> =>
  page.evaluate(
    'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))',
  )
