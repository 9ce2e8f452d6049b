import { expect, test } from 'bun:test'
import { parseSecretKey, publicKeyOf, signatureOf } from '../../scripts/release/sign'
import { parsePublicKey, verifiedComment } from '../../src/lib/minisign'
import { minisignSecretKey } from '../support/minisign'

const key = parseSecretKey(minisignSecretKey())
const publicKey = parsePublicKey(`untrusted comment: of the releases\n${publicKeyOf(key)}\n`)
const content = Buffer.from('what is signed')
const signature = signatureOf(content, key, 'latchkey 1.2.3')

/** With one line of the signature changed. */
const changed = (line: number, change: (text: string) => string) =>
  signature
    .split('\n')
    .map((text, index) => (index === line ? change(text) : text))
    .join('\n')

const flipped = (text: string) => {
  const bytes = Buffer.from(text, 'base64')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes.toString('base64')
}

test('a signature is valid for its content and key, and gives its trusted comment', () => {
  expect(verifiedComment(content, signature, publicKey)).toBe('latchkey 1.2.3')
  expect(verifiedComment(content, signature.replaceAll('\n', '\r\n'), publicKey)).toBe('latchkey 1.2.3')
})

test('a signature of minisign itself is valid', () => {
  const own = parsePublicKey(MINISIGN.publicKey)
  expect(verifiedComment(Buffer.from(MINISIGN.content), MINISIGN.signature, own)).toBe('latchkey 0.1.0')
  expect(verifiedComment(Buffer.from('something else'), MINISIGN.signature, own)).toBeUndefined()
})

test('nothing else is valid', () => {
  const refused: Record<string, [Uint8Array, string]> = {
    'another content': [Buffer.from('what is signeD'), signature],
    'another signature': [content, changed(1, flipped)],
    'another comment': [content, changed(2, (text) => text.replace('1.2.3', '9.9.9'))],
    'another signature of the comment': [content, changed(3, flipped)],
    'no comment': [content, changed(2, () => '')],
    'the untrusted comment only': [content, 'untrusted comment: none\n'],
    'no text': [content, ''],
    'the algorithm without hash': [
      content,
      changed(1, (text) =>
        Buffer.concat([Buffer.from('Ed'), Buffer.from(text, 'base64').subarray(2)]).toString('base64'),
      ),
    ],
  }
  for (const [name, [bytes, text]] of Object.entries(refused))
    expect([name, verifiedComment(bytes, text, publicKey)]).toEqual([name, undefined])
  const other = parsePublicKey(publicKeyOf(parseSecretKey(minisignSecretKey())))
  expect(verifiedComment(content, signature, other)).toBeUndefined()
})

test('another key with the same id is refused', () => {
  const other = parseSecretKey(minisignSecretKey())
  expect(
    verifiedComment(content, signatureOf(content, { ...other, id: key.id }, 'latchkey'), publicKey),
  ).toBeUndefined()
})

test('what is not a key is refused', () => {
  expect(() => parsePublicKey('')).toThrow('not a public key of minisign')
  expect(() => parsePublicKey(minisignSecretKey())).toThrow('not a public key of minisign')
  expect(() => parseSecretKey(publicKeyOf(key))).toThrow('not a secret key of minisign')
  const locked = Buffer.from(minisignSecretKey().trim().split('\n').at(-1) ?? '', 'base64')
  locked.write('Sc', 2)
  expect(() => parseSecretKey(locked.toString('base64'))).toThrow('has a password')
})

/** Made by minisign 0.11 with a key that was deleted. */
const MINISIGN = {
  content: 'what minisign signed\n',
  publicKey: 'RWQ22QHO88JkcYhygIyqpwYKFjuyZimuoipLXYe5isqaGtvqUxoh0ufH',
  signature: `untrusted comment: signature from minisign secret key
RUQ22QHO88JkcaLQ079WEeCVuhS9j0LIA4cev11tIZByTFOpRGcN3cr2FteRDep+wW8mDvyXdPSdVkUuka9SHSY26UcvL5Ur7A8=
trusted comment: latchkey 0.1.0
g0REvTcLqoSuhf0NQdMzrESV5YMtdNju3kQVgW2wJw9vayJrVraASO6H7wrYa2cpWjA6hZB3A3gO+7Da+AlCBw==
`,
}
