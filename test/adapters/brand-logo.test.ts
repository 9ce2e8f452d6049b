import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLogo } from '../../src/adapters/brand-logo'
import { removeFolder } from '../support/remove-folder'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-logo-'))
afterAll(() => removeFolder(folder))

function fileWith(content: string | Uint8Array): string {
  const path = join(folder, crypto.randomUUID())
  writeFileSync(path, content)
  return path
}

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
const WEBP = Buffer.from('RIFF\0\0\0\0WEBPVP8 ')

test.each([
  ['image/png', PNG],
  ['image/webp', WEBP],
  ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  ['image/svg+xml', '\uFEFF<?xml version="1.0"?>\n<!-- a logo > -->\n<svg>'],
  ['image/svg+xml', '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">\n<svg\nviewBox="0 0 1 1"/>'],
])('a file is recognized by its content as %s', async (type, content) => {
  const logo = await readLogo(fileWith(content))
  expect([logo.type, Buffer.from(logo.bytes)]).toEqual([type as typeof logo.type, Buffer.from(content)])
})

test.each([
  ['an empty file', ''],
  ['a page', '<!doctype html><html><svg></svg></html>'],
  ['a JPEG', Buffer.from('ffd8ffe000104a464946', 'hex')],
  ['text that only begins like an SVG', '<svgx>'],
])('%s is no logo', async (_name, content) => {
  expect(readLogo(fileWith(content))).rejects.toThrow('it is neither an SVG nor a PNG nor a WebP image')
})

test('a logo may have 100 KB, and no byte more', async () => {
  const padded = (bytes: number) => fileWith(Buffer.concat([PNG, Buffer.alloc(bytes - PNG.length)]))
  expect((await readLogo(padded(102_400))).bytes).toHaveLength(102_400)
  expect(readLogo(padded(102_401))).rejects.toThrow('it has 102401 bytes, and at most 102400 are allowed')
})

test('what is not there, and what is not a file, is refused', async () => {
  expect(readLogo(join(folder, 'none.svg'))).rejects.toThrow('ENOENT')
  for (const path of [folder, '/dev/zero']) expect(readLogo(path)).rejects.toThrow('it is not a file')
})
