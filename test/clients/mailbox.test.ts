/** The mailbox page in a real browser, also with hostile mail. */
import { expect } from 'bun:test'
import type { BrowserContext } from 'playwright-core'
import { browserTest, focused, openBrowser } from '../support/browser'
import { type FakeSource, fakeSource, startMailbox } from '../support/mailbox'

interface Visit extends AsyncDisposable {
  source: FakeSource
  /** Such as `http://127.0.0.1:41234`. */
  url: string
  /** Requested paths outside the mailbox. */
  beacons: string[]
  context: BrowserContext
}

const PIXEL = Buffer.from('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'base64')

/** @param hasEvents whether the server has its event stream */
async function visit({ hasEvents = true } = {}): Promise<Visit> {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const beacons: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, peers) {
      const { pathname } = new URL(request.url)
      if (pathname === '/mailbox/api/events' && !hasEvents) return new Response('', { status: 502 })
      if (pathname.startsWith('/mailbox')) return mailbox.fetch(request, peers)
      beacons.push(pathname)
      return new Response(PIXEL, { headers: { 'content-type': 'image/gif' } })
    },
  })
  const browser = await openBrowser()
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  context.setDefaultTimeout(30_000)
  return {
    source,
    beacons,
    context,
    url: server.url.origin,
    async [Symbol.asyncDispose]() {
      await browser.close()
      mailbox.close()
      await server.stop(true)
    },
  }
}

browserTest('messages are listed newest first, and a new one appears by itself', async () => {
  await using site = await visit()
  const page = await site.context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(`${site.url}/mailbox`)
  await page.getByText('No messages yet. Sign up, or request a magic link').waitFor()
  await page.getByText('live', { exact: true }).waitFor()

  const lines = page.getByRole('option')
  site.source.put({ to: 'ada@example.com', subject: 'First' })
  await lines.filter({ hasText: 'First' }).waitFor()
  site.source.put({ channel: 'sms', to: '15551234567', subject: '', text: 'Your code is 123456', html: null })
  await lines.filter({ hasText: '+15551234567' }).waitFor()
  site.source.put({ to: 'grace@example.com', subject: 'Third', state: 'failed', error: 'mailbox full' })
  await lines.filter({ hasText: 'grace@example.com' }).waitFor()

  expect(await lines.locator('.to').allTextContents()).toEqual(['grace@example.com', '+15551234567', 'ada@example.com'])
  expect(await lines.locator('.about').allTextContents()).toEqual(['Third', 'Your code is 123456', 'First'])
  expect(await lines.locator('.badge').allTextContents()).toEqual(['failed', 'SMS'])
  expect(await page.getByRole('heading', { level: 2 }).textContent()).toBe('First')
  await lines.first().click()
  await page.getByText('mailbox full').waitFor()
  expect(complaints).toEqual([])
})

browserTest('markup and scripts in a mail do nothing, wherever they are', async () => {
  await using site = await visit()
  const attack = (name: string) =>
    `<img src="/none" onerror="new Image().src='${site.url}/ran/${name}'"><script>new Image().src='${site.url}/ran/${name}'</script>`
  site.source.put({
    subject: attack('subject'),
    to: attack('to'),
    from: attack('from'),
    kind: attack('kind'),
    text: attack('text'),
    code: attack('code'),
    error: attack('error'),
    links: [`https://a.example/${attack('link')}`],
    html: `${attack('html')}<form action="${site.url}/ran/form"><button>Send</button></form><img src="${site.url}/seen">`,
  })
  const page = await site.context.newPage()
  await page.goto(`${site.url}/mailbox`)
  expect(await page.getByRole('heading', { level: 2 }).filter({ hasText: 'onerror' }).textContent()).toBe(
    attack('subject'),
  )
  // The document's policy forbids it, too; either is enough.
  expect(await page.locator('iframe').getAttribute('sandbox')).toBe('allow-popups allow-popups-to-escape-sandbox')
  const mail = page.frameLocator('iframe')
  await mail.getByRole('button').click()
  // An image does load, so a script that ran would be noticed.
  while (!site.beacons.includes('/seen')) await page.evaluate('1')
  await page.getByRole('tab', { name: 'Text' }).click()
  await page.locator('#part-text').filter({ hasText: 'onerror' }).waitFor()
  expect(await page.locator('main img, main script').count()).toBe(0)
  expect(site.beacons.filter((path) => path.startsWith('/ran'))).toEqual([])

  const { id } = site.source.put({ html: `${attack('alone')}<img src="${site.url}/seen-alone">` })
  await page.goto(`${site.url}/mailbox/api/messages/${id}/html`)
  while (!site.beacons.includes('/seen-alone')) await page.evaluate('1')
  expect(site.beacons.filter((path) => path.startsWith('/ran'))).toEqual([])
})

browserTest('a link in a mail and the one beside it open tabs that are free to work', async () => {
  await using site = await visit()
  const referrers: (string | null)[] = []
  await using application = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      referrers.push(request.headers.get('referer'))
      const script = `<script>document.title = [self.origin, opener === null, localStorage.length].join(' ')</script>`
      return new Response(script, { headers: { 'content-type': 'text/html' } })
    },
  })
  const { origin } = application.url
  site.source.put({
    html: `<base target="_self"><p>Hello</p><a href="${origin}/from-mail">Confirm</a>`,
    links: [`${origin}/from-page`],
  })
  const page = await site.context.newPage()
  await page.goto(`${site.url}/mailbox`)
  const buttons = [
    [page.frameLocator('iframe').getByRole('link', { name: 'Confirm' }), '/from-mail'],
    [page.getByRole('link', { name: 'Open link' }), '/from-page'],
  ] as const
  for (const [button, path] of buttons) {
    const [tab] = await Promise.all([site.context.waitForEvent('page'), button.click()])
    await tab.waitForURL(`${origin}${path}`)
    expect(await tab.title()).toBe(`${origin} true 0`)
  }
  expect(referrers.filter((referrer) => referrer?.startsWith(site.url))).toEqual([])
  expect(page.url()).toBe(`${site.url}/mailbox`)
})

browserTest('the code stands out and can be copied, and an SMS shows its text', async () => {
  await using site = await visit()
  site.source.put({ channel: 'sms', to: '15551234567', subject: '', html: null, text: 'Code 654321', code: '654321' })
  const page = await site.context.newPage()
  await page.goto(`${site.url}/mailbox`)
  expect(await page.locator('#code').filter({ hasText: /./ }).textContent()).toBe('654321')
  await page.getByRole('button', { name: 'Copy code' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe('654321')
  expect(await page.locator('#part-text').isVisible()).toBe(true)
  expect(await page.getByRole('tab').count()).toBe(0)
  expect(await page.getByRole('link').count()).toBe(0)
})

browserTest('recipients can be looked for, in the address of the page too', async () => {
  await using site = await visit()
  for (const to of ['ada+1@example.com', 'grace@example.com', '15551234567']) site.source.put({ to })
  const page = await site.context.newPage()
  const found = page.getByRole('option').locator('.to')
  await page.goto(`${site.url}/mailbox?to=Ada+1@example.com`)
  await found.first().waitFor()
  expect(await found.allTextContents()).toEqual(['ada+1@example.com'])
  expect(await page.locator('#filter').inputValue()).toBe('Ada+1@example.com')

  await page.keyboard.press('/')
  await page.keyboard.press('Escape')
  expect(await found.count()).toBe(3)
  await page.keyboard.press('/')
  await page.keyboard.type('+1 555')
  expect(await found.allTextContents()).toEqual(['15551234567'])
  await page.keyboard.type('x')
  await page.getByText('No message to “+1 555x” yet.').waitFor()
  expect(await page.locator('#message').isVisible()).toBe(false)
})

browserTest(
  'everything can be reached from the keyboard; Delete removes one message, Shift and Delete all, once asked',
  async () => {
    await using site = await visit()
    for (const subject of ['one', 'two', 'three']) site.source.put({ subject, html: null })
    const page = await site.context.newPage()
    await page.goto(`${site.url}/mailbox`)
    const chosen = page.locator('[role=option][aria-selected=true] .about')
    const after = async (key: string) => {
      await page.keyboard.press(key)
      return chosen.textContent()
    }
    expect(await chosen.textContent()).toBe('three')
    expect(await after('j')).toBe('two')
    expect(await after('ArrowDown')).toBe('one')
    expect(await after('j')).toBe('one')
    expect(await after('k')).toBe('two')
    expect(await page.getByRole('heading', { level: 2 }).textContent()).toBe('two')
    await page.keyboard.press('Enter')
    await focused(page.locator('#message'))

    await page.keyboard.press('/')
    await page.keyboard.type('jk')
    await page.keyboard.press('Delete')
    expect(await page.locator('#filter').inputValue()).toBe('jk')
    expect(await site.source.listMessages({ limit: 9 })).toHaveLength(3)
    await page.keyboard.press('Escape')
    await page.getByRole('option').nth(2).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Delete')
    await page.getByRole('option').nth(2).waitFor({ state: 'detached' })
    expect(await site.source.listMessages({ limit: 9 })).toHaveLength(2)
    await page.keyboard.press('Shift+Delete')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect(await site.source.listMessages({ limit: 9 })).toHaveLength(2)
    await page.keyboard.press('Shift+Delete')
    await page.getByRole('button', { name: 'Remove all' }).click()
    await page.getByText('No messages yet.').waitFor()
    expect(await site.source.listMessages({ limit: 9 })).toEqual([])
  },
)

browserTest('the button clears, and without an event stream the page asks again by itself', async () => {
  await using site = await visit({ hasEvents: false })
  site.source.put({ subject: 'First' })
  const page = await site.context.newPage()
  await page.goto(`${site.url}/mailbox`)
  await page.getByText('polling', { exact: true }).waitFor()
  await page.getByRole('option').filter({ hasText: 'First' }).waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByRole('button', { name: 'Remove all' }).click()
  await page.getByText('No messages yet.').waitFor()
  site.source.put({ subject: 'Second' })
  await page.getByRole('option').filter({ hasText: 'Second' }).waitFor()
})

browserTest(
  'new messages are marked until they are opened, subjects are searched, and a link can be copied',
  async () => {
    await using site = await visit()
    site.source.put({ subject: 'Old', links: ['http://localhost:3000/welcome?token=a%26b'] })
    const page = await site.context.newPage()
    await page.goto(`${site.url}/mailbox`)
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('http://localhost:3000/welcome?token=a%26b')

    await page.getByText('live', { exact: true }).waitFor()
    site.source.put({ subject: 'Brand new' })
    const unread = page.locator('.row.unread')
    await unread.filter({ hasText: 'Brand new' }).waitFor()
    expect([await unread.count(), await page.title()]).toEqual([1, '(1) Mailbox · Latchkey'])
    await page.fill('#filter', 'brand')
    expect(await page.getByRole('option').count()).toBe(1)
    await page.getByRole('option').click()
    expect([await unread.count(), await page.title()]).toEqual([0, 'Mailbox · Latchkey'])
    await page.reload()
    await page.getByRole('option').nth(1).waitFor()
    expect(await unread.count()).toBe(0)
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('option').nth(1).waitFor({ state: 'detached' })
    expect((await site.source.listMessages({ limit: 9 })).map(({ subject }) => subject)).toEqual(['Old'])
  },
)
