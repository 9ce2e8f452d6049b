/** Swagger UI of the compiled executable in a real browser. */
import { expect, test } from 'bun:test'
import { startBinary } from '../support/binary'
import { hasBrowser, openBrowser } from '../support/browser'

test.skipIf(!hasBrowser)(
  'it renders without breaking its own policy, and an operation can be tried with the key that was authorized',
  async () => {
    await using server = await startBinary()
    await using browser = await openBrowser()
    const page = await browser.newPage()
    const complaints: string[] = []
    const foreign: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on(
      'request',
      (request) =>
        new URL(request.url()).origin !== server.url &&
        !request.url().startsWith('data:') &&
        foreign.push(request.url()),
    )
    await page.goto(`${server.url}/swagger`)
    await page.locator('[data-tag=Administration] .expand-operation').click()
    await page.waitForSelector('#operations-Administration-postAdminUsers')

    await page.click('button.authorize')
    const scheme = page.locator('.auth-container', { hasText: 'secretKey' })
    await scheme.locator('input').fill(server.keys.secret_key)
    await scheme.locator('button.authorize').click()
    await page.click('.btn-done')

    const operation = page.locator('#operations-Administration-postAdminUsers')
    await operation.locator('.opblock-summary-control').click()
    expect(await operation.locator('textarea.body-param__text').inputValue()).toContain('grace@example.com')
    await operation.locator('button.execute').click()
    const answer = operation.locator('.live-responses-table .response')
    await answer.waitFor()
    expect(await answer.locator('.response-col_status').textContent()).toStartWith('200')
    expect(await answer.textContent()).toContain('grace@example.com')
    expect([complaints, foreign]).toEqual([[], []])
  },
  180_000,
)
