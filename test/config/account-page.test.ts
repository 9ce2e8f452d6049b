import { expect, test } from 'bun:test'
import { load } from '../../src/config/load'

const notesOf = (color: string) =>
  load({ set: { AUTH_BRAND_COLOR: color } }).problems.filter(({ message }) => message.includes('AUTH_BRAND_COLOR'))

test('a color that pages cannot use as it is is reported with what becomes of it', () => {
  expect(notesOf('#FFCC00')).toEqual([
    {
      severity: 'note',
      message: expect.stringMatching(
        /^AUTH_BRAND_COLOR #ffcc00 becomes #[0-9a-f]{6} on light pages and in mails, to be readable\.$/,
      ),
    },
  ])
  expect(notesOf('#0f766e')[0]?.message).toMatch(/becomes #[0-9a-f]{6} on dark ones, to be readable/)
  expect(notesOf('#808080')[0]?.message).toMatch(/on light pages and in mails, and #[0-9a-f]{6} on dark ones/)
})
