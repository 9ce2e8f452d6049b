import type { Page } from '@playwright/test'
import { expect, test } from './mailbox'

async function sendCode(page: Page, address: string): Promise<void> {
  await page.goto('/')
  await page.getByLabel('Email').fill(address)
  await page.getByRole('button', { name: 'Send code' }).click()
}

async function enter(page: Page, code: string | null): Promise<void> {
  await page.getByLabel('Code').fill(code ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
}

test('signs in with the code in the mail', async ({ page, mailbox }) => {
  await sendCode(page, mailbox.address)
  const { code } = await mailbox.next()
  await enter(page, code)
  await expect(page.getByRole('status')).toHaveText(`Signed in as ${mailbox.address}`)

  await page.reload()
  await expect(page.getByRole('status')).toHaveText(`Signed in as ${mailbox.address}`)
})

test('signs in with the link in the mail', async ({ page, mailbox }) => {
  await sendCode(page, mailbox.address)
  const { links } = await mailbox.next()
  await page.goto(links[0])
  await expect(page.getByRole('status')).toHaveText(`Signed in as ${mailbox.address}`)
})

test('refuses a wrong code', async ({ page, mailbox }) => {
  await sendCode(page, mailbox.address)
  const { code } = await mailbox.next()
  await enter(page, code === '000000' ? '000001' : '000000')
  await expect(page.getByRole('status')).toHaveText('Token has expired or is invalid')
})

test('accepts only the code of the newest mail', async ({ page, mailbox }) => {
  await sendCode(page, mailbox.address)
  const first = await mailbox.next()
  await page.getByRole('button', { name: 'Send code' }).click()
  const second = await mailbox.next()

  await enter(page, first.code)
  await expect(page.getByRole('status')).toHaveText('Token has expired or is invalid')
  await enter(page, second.code)
  await expect(page.getByRole('status')).toHaveText(`Signed in as ${mailbox.address}`)
})

test('signs out, and signs in again with the account that exists', async ({ page, mailbox }) => {
  for (const kind of ['confirmation', 'magic_link']) {
    await sendCode(page, mailbox.address)
    const message = await mailbox.next()
    expect(message.kind).toBe(kind)
    await enter(page, message.code)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect(page.getByRole('status')).toHaveText('Signed out')
  }
})
