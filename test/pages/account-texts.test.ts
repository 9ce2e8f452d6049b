/** The texts of the account page: each language has all of them, with the same variables, and the scripts use them all. */
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { accountTexts } from '../../src/pages/account/locales'
import { LANGUAGES } from '../../src/pages/languages'

const CLIENT = join(import.meta.dir, '../../src/pages/account/client')

type Flat = Record<string, string>

const flat = (parts: object): Flat =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([part, texts]) =>
      Object.entries(texts as Flat).map(([name, text]) => [`${part}.${name}`, text]),
    ),
  )

const variablesOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

const english = flat(accountTexts.en)

test.each([...LANGUAGES])('%s has every text, with the variables of the English one', (language) => {
  const texts = flat(accountTexts[language])
  expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort())
  for (const [key, text] of Object.entries(texts)) {
    expect([key, text.trim()]).toEqual([key, text])
    expect([key, text === '']).toEqual([key, false])
    expect([key, variablesOf(text)]).toEqual([key, variablesOf(english[key] as string)])
  }
})

test.each(LANGUAGES.filter((language) => language !== 'en'))('%s is translated', (language) => {
  const texts = Object.entries(flat(accountTexts[language])).filter(([, text]) => text.length > 25)
  expect(texts.filter(([key, text]) => text === english[key])).toEqual([])
})

const source = readdirSync(CLIENT)
  .map((file) => readFileSync(join(CLIENT, file), 'utf8'))
  .join('\n')

test('every text that a script names exists', () => {
  const parts = Object.keys(accountTexts.en).join('|')
  const named = [...source.matchAll(new RegExp(`'((?:${parts})\\.\\w+)'`, 'g'))].map(([, key]) => key as string)
  expect(named.length).toBeGreaterThan(100)
  expect(named.filter((key) => !(key in english))).toEqual([])
})
