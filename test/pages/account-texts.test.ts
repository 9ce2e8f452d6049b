/** The texts of the account page: each language has all of them, with the same variables, and the scripts use them all. */
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AUTHENTICATION_METHODS } from '../../src/lib/assurance'
import { METHOD_OF } from '../../src/lib/factor-types'
import { accountTexts } from '../../src/pages/account/locales'
import { LANGUAGES } from '../../src/pages/languages'
import { errorAnswers } from '../../src/surfaces/gotrue/error-messages'

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

/** Codes of errors that the page does not show: requests that it does not make, sessions that end, and what it treats itself. */
const NOT_SHOWN = [
  'anonymous_provider_disabled',
  'bad_code_verifier',
  'bad_json',
  'bad_jwt',
  'bad_oauth_callback',
  'bad_oauth_state',
  'conflict',
  'custom_provider_not_found',
  'feature_disabled',
  'flow_state_already_used',
  'identity_not_found',
  'invite_not_found',
  'no_authorization',
  'not_admin',
  'over_custom_provider_quota',
  'refresh_token_already_used',
  'refresh_token_not_found',
  'request_entity_too_large',
  'saml_provider_disabled',
  'session_expired',
  'session_not_found',
  'sso_provider_not_found',
  'unexpected_audience',
  'user_not_found',
  'web3_unsupported_chain',
]

/** The message of the server says more: which rule is violated, or what the operator's hook or trigger says. */
const WITH_MESSAGE = ['mfa_verification_rejected', 'validation_failed']

test('every error of the API that a user can meet has a text', () => {
  const codes = Object.values(errorAnswers).flatMap(([status, code]) =>
    typeof code === 'string' && code !== '' ? [{ status, code }] : [],
  )
  const isGrouped = (code: string) => /^(mfa_\w+_not_enabled|\w*provider_disabled|otp_disabled|hook_\w+)$/.test(code)
  const withoutText = codes.filter(
    ({ status, code }) =>
      !(`errors.${code}` in english) && !isGrouped(code) && !(typeof status === 'number' && status >= 500),
  )
  const shown = withoutText.filter(({ code }) => !NOT_SHOWN.includes(code) && !WITH_MESSAGE.includes(code))
  expect([...new Set(shown.map(({ code }) => code))]).toEqual([])
})

test.each([...AUTHENTICATION_METHODS, ...Object.values(METHOD_OF)])('a session by %s is described', (method) => {
  expect(english[`sessions.by_${method.replace('/', '_')}`]).toBeString()
})

/** Named by the code of an error, or by a variable part. */
const COMPUTED = /^errors\.|^signIn\.(email|phone|contact)$/

test('no text of the way in is left over', () => {
  const own = Object.keys(english).filter((key) => /^(common|signIn)\./.test(key) && !COMPUTED.test(key))
  expect(own.length).toBeGreaterThan(50)
  // The server writes the text for browsers without scripts into the page.
  expect(own.filter((key) => key !== 'common.noscript' && !source.includes(`'${key}'`))).toEqual([])
})
