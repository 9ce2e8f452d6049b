/** Sign-in with a wallet (docs/wire-contract.md#web3). */
import { expect, test } from 'bun:test'
import { base58 } from '@scure/base'
import { MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, startApp, type TestApp } from '../../support/app'
import { ethereumWallet, type MessageParts, messageOf, solanaWallet, type Wallet } from '../../support/wallets'

const SETTINGS = {
  AUTH_EXTERNAL_WEB3_SOLANA_ENABLED: 'true',
  AUTH_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
  AUTH_SITE_URL: 'https://app.example',
}

const start = (settings: Record<string, string> = {}) => startApp({ settings: { ...SETTINGS, ...settings } })

const send = (app: TestApp, body: object, ip?: string) =>
  app.ask('POST', '/auth/v1/token?grant_type=web3', { body, ...(ip !== undefined && { ip }) })

async function signIn(app: TestApp, wallet: Wallet, parts?: MessageParts) {
  const message = messageOf(wallet, app.clock.now(), parts)
  return send(app, { chain: wallet.chain, message, signature: await wallet.sign(message) })
}

const wallets: [string, () => Wallet][] = [
  ['ethereum', ethereumWallet],
  ['solana', () => solanaWallet()],
]
const invalid = (message: string) => ({ status: 400, body: { code: 'validation_failed', message } })
const refused = (description: string) => ({
  status: 400,
  body: { error: 'invalid_grant', error_description: description },
})

test.each(wallets)('the holder of a wallet’s key signs in, with %s', async (chain, make) => {
  await using app = await start()
  const wallet = make()
  const { status, body } = await signIn(app, wallet)
  expect(status).toBe(200)
  const address = chain === 'ethereum' ? wallet.address.toLowerCase() : wallet.address
  const data = {
    custom_claims: {
      address,
      chain,
      domain: 'app.example',
      statement: 'Hello',
      network: chain === 'ethereum' ? '1' : 'solana:mainnet',
    },
    email_verified: false,
    phone_verified: false,
    sub: `web3:${chain}:${address}`,
  }
  expect(body.user).toMatchObject({
    email: '',
    phone: '',
    is_anonymous: false,
    user_metadata: data,
    app_metadata: { provider: 'web3', providers: ['web3'] },
    identities: [{ provider: 'web3', id: `web3:${chain}:${address}`, identity_data: data }],
  })
  expect(claimsOf(body.access_token).amr).toMatchObject([{ method: 'web3' }])
  app.clock.advance(MINUTE)
  expect((await signIn(app, wallet)).body.user.id).toBe(body.user.id)
  expect((await signIn(app, make())).body.user.id).not.toBe(body.user.id)
})

test('an Ethereum address in any letter case is the same account', async () => {
  await using app = await start()
  const wallet = ethereumWallet()
  const { body } = await signIn(app, wallet)
  const lower = { ...wallet, address: wallet.address.toLowerCase() }
  app.clock.advance(1)
  expect((await signIn(app, lower)).body.user.id).toBe(body.user.id)
})

test.each(wallets)('a message works once, also if sent several times at once, with %s', async (_, make) => {
  await using app = await start()
  const wallet = make()
  const message = messageOf(wallet, app.clock.now())
  const body = { chain: wallet.chain, message, signature: await wallet.sign(message) }
  const replies = await Promise.all([1, 2, 3].map(() => send(app, body)))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  expect(await send(app, body)).toMatchObject(refused(`Signed ${wallet.name} message was already used`))
  app.clock.advance(10 * MINUTE + 1)
  expect(await send(app, body)).toMatchObject(refused(`${wallet.name} message was issued too long ago`))
  expect((await app.core.forTask().sweep()).web3Messages).toBe(1)
})

test.each(wallets)('a message whose sign-in was refused is not consumed, with %s', async (_, make) => {
  await using app = await start()
  const wallet = make()
  const { body } = await signIn(app, wallet)
  app.clock.advance(1000)
  const message = messageOf(wallet, app.clock.now())
  const shown = { chain: wallet.chain, message, signature: await wallet.sign(message) }
  const ban = (duration: string) =>
    app.ask('PUT', `/auth/v1/admin/users/${body.user.id}`, { token: app.admin, body: { ban_duration: duration } })
  await ban('1h')
  expect((await send(app, shown)).body.code).toBe('user_banned')
  await ban('none')
  expect((await send(app, shown)).body.user.id).toBe(body.user.id)
  expect(await send(app, shown)).toMatchObject(refused(`Signed ${wallet.name} message was already used`))
})

test.each(wallets)('another key, another text and an invalid signature are refused, with %s', async (_, make) => {
  await using app = await start()
  const [wallet, other] = [make(), make()]
  const wrong = refused('Signature does not match address in message')
  const message = messageOf(wallet, app.clock.now())
  const signature = await wallet.sign(message)
  const { chain } = wallet
  expect(await send(app, { chain, message, signature: await other.sign(message) })).toMatchObject(wrong)
  expect(await send(app, { chain, message: message.replace('Hello', 'Hallo'), signature })).toMatchObject(wrong)
  const zeros = chain === 'ethereum' ? `0x${'0'.repeat(130)}` : 'A'.repeat(86)
  expect(await send(app, { chain, message, signature: zeros })).toMatchObject(wrong)
  // a refused message is not consumed
  expect((await send(app, { chain, message, signature })).status).toBe(200)
})

test('signatures of the wrong form', async () => {
  await using app = await start()
  const [ethereum, solana] = [ethereumWallet(), solanaWallet()]
  const ofEthereum = (signature: string) =>
    send(app, { chain: 'ethereum', message: messageOf(ethereum, app.clock.now()), signature })
  const ofSolana = (signature: string) =>
    send(app, { chain: 'solana', message: messageOf(solana, app.clock.now()), signature })
  for (const signature of ['', '0x', `0x${'a'.repeat(129)}`, 'a'.repeat(132)])
    expect(await ofEthereum(signature)).toMatchObject(
      invalid('signature must be 65 bytes long, encoded as a 130 character-long hexadecimal string'),
    )
  expect((await ofEthereum('z'.repeat(130))).status).toBe(400)
  for (const signature of ['', 'a'.repeat(85), 'a'.repeat(87), 'a'.repeat(89)])
    expect(await ofSolana(signature)).toMatchObject(
      invalid('signature must be 64 bytes encoded as base64 with or without padding'),
    )
  expect(await ofSolana('!'.repeat(86))).toMatchObject(invalid('signature does not contain valid base64 characters'))
})

test('a Solana signature may have padding, and either base64 alphabet', async () => {
  await using app = await start()
  for (const write of [
    (text: string) => `${text}==`,
    (text: string) => text.replaceAll('-', '+').replaceAll('_', '/'),
  ]) {
    const wallet = solanaWallet()
    const message = messageOf(wallet, app.clock.now())
    const signature = write(await wallet.sign(message))
    expect((await send(app, { chain: 'solana', message, signature })).status).toBe(200)
  }
})

const DOMAIN = Buffer.from('\xffsolana offchain\0', 'latin1')
const lengthOf = (text: Buffer) => Buffer.from([text.length & 0xff, text.length >> 8])

test.each([
  ['older', (text: Buffer) => Buffer.concat([DOMAIN, Buffer.from([1]), lengthOf(text), text])],
  [
    'newer',
    (text: Buffer, key: Uint8Array) =>
      Buffer.concat([DOMAIN, Buffer.alloc(32), Buffer.from([0, 1]), key, lengthOf(text), text]),
  ],
])('the envelope of a Ledger is accepted, in the %s form', async (_, envelope) => {
  await using app = await start()
  expect((await signIn(app, solanaWallet(envelope))).status).toBe(200)
})

test('messages of another length', async () => {
  await using app = await start()
  const wallet = ethereumWallet()
  expect(await send(app, { chain: 'ethereum', message: 'x'.repeat(63) })).toMatchObject(invalid('message is too short'))
  expect(await send(app, { chain: 'ethereum' })).toMatchObject(invalid('message is too short'))
  expect(await signIn(app, wallet, { statement: 'x'.repeat(20_481) })).toMatchObject(
    invalid('message must not exceed 20KB'),
  )
})

test.each([
  [
    'too few lines',
    (text: string) => text.split('\n').slice(0, 5).join('\n').padEnd(64),
    'message needs at least 6 lines',
  ],
  ['another header', (text: string) => text.replace('wants you', 'asks you'), undefined],
  [
    'no domain',
    (text: string) => text.replace('app.example', 'app_example'),
    'domain in first line of message is not valid',
  ],
  ['a third line', (text: string) => text.replace('\n\n', '\nx\n'), 'third line must be empty'],
  ['no URI', (text: string) => text.replace(/URI: .*\n/, ''), 'URI is not specified'],
  ['an invalid URI', (text: string) => text.replace(/URI: .*/, 'URI: nope'), 'URI is not valid'],
  [
    'another version',
    (text: string) => text.replace('Version: 1', 'Version: 2'),
    'Version value is not supported, expected 1 got "2"',
  ],
  ['no instant', (text: string) => text.replace(/Issued At: .*/, ''), 'Issued At is not specified'],
  [
    'an invalid timestamp',
    (text: string) => text.replace(/Issued At: .*/, 'Issued At: today'),
    'Issued At is not a valid ISO8601 timestamp',
  ],
  [
    'an impossible date',
    (text: string) => `${text}\nExpiration Time: 2026-13-01T00:00:00Z`,
    'Expiration Time is not a valid ISO8601 timestamp',
  ],
  ['one more', (text: string) => `${text}\nNot Before: 1`, 'Not Before is not a valid ISO8601 timestamp'],
  [
    'an expiry before the issue time',
    (text: string) => `${text}\nExpiration Time: 2025-12-31T00:00:00Z`,
    'Issued At is after Expiration Time',
  ],
  [
    'an expiry before not-before',
    (text: string) => `${text}\nExpiration Time: 2026-01-02T00:00:00Z\nNot Before: 2026-01-03T00:00:00Z`,
    'Not Before is after Expiration Time',
  ],
  ['another chain', (text: string) => text.replace(/Chain ID: .*/, 'Chain ID: x'), 'Chain ID is not valid'],
  ['a line without a colon', (text: string) => `${text}\nnonsense`, 'encountered unparsable line at index 10'],
  [
    'an invalid resource',
    (text: string) => `${text}\nResources:\n- https://a.example\n- b`,
    'Resource at position 1 has invalid URI',
  ],
] as [string, (text: string) => string, string | undefined][])('a message with %s', async (_, change, flaw) => {
  await using app = await start()
  for (const [prefix, wallet] of [
    ['siwe', ethereumWallet()],
    ['siws', solanaWallet()],
  ] as const) {
    const message = change(messageOf(wallet, app.clock.now()))
    const expected =
      flaw ?? `message first line does not end in " wants you to sign in with your ${wallet.name} account:"`
    expect(await send(app, { chain: wallet.chain, message, signature: await wallet.sign(message) })).toMatchObject(
      invalid(`${prefix}: ${expected}`),
    )
  }
})

test('an invalid address', async () => {
  await using app = await start()
  const message = (wallet: Wallet, address: string) => messageOf({ ...wallet, address }, app.clock.now())
  for (const [wallet, address, flaw] of [
    [ethereumWallet(), `0x${'g'.repeat(40)}`, 'siwe: wallet address is not a valid Ethereum address'],
    [solanaWallet(), 'x'.repeat(31), 'siws: wallet address is not in base58 format'],
  ] as const) {
    const text = message(wallet, address)
    expect(await send(app, { chain: wallet.chain, message: text, signature: await wallet.sign(text) })).toMatchObject(
      invalid(flaw),
    )
  }
  // characters that are not in base58, and a key of another length
  for (const address of ['0'.repeat(40), '1'.repeat(40)]) {
    const wallet = solanaWallet()
    const text = message(wallet, address)
    expect(await send(app, { chain: 'solana', message: text, signature: await wallet.sign(text) })).toMatchObject(
      refused('Signature does not match address in message'),
    )
  }
})

test.each(wallets)('a message that was signed for another site is refused, with %s', async (_, make) => {
  await using app = await start({ AUTH_URI_ALLOW_LIST: 'https://other.example/**' })
  const ask = (domain: string, uri: string) => signIn(app, make(), { domain, fields: { URI: uri } })
  const { name } = make()
  expect(await ask('app.example', 'http://app.example/')).toMatchObject(
    refused(`Signed ${name} message is using URI which does not use HTTPS`),
  )
  for (const uri of ['https://evil.example/', 'https://app.example.evil.example/', 'https://app.example@evil.example/'])
    expect(await ask('app.example', uri)).toMatchObject(
      refused(
        `Signed ${name} message is using URI which is not allowed on this server, message was signed for another app`,
      ),
    )
  for (const domain of ['evil.example', 'other.example', 'app.example:8443'])
    expect(await ask(domain, 'https://app.example/')).toMatchObject(
      refused(
        `Signed ${name} message is using a Domain that does not match the one in URI which is not allowed on this server`,
      ),
    )
  expect((await ask('other.example', 'https://other.example/x')).status).toBe(200)
  expect((await ask('app.example:443', 'https://app.example/')).status).toBe(200)
})

test('on localhost http is accepted', async () => {
  await using app = await start({ AUTH_SITE_URL: 'http://localhost:3000' })
  const local = { domain: 'localhost:3000', fields: { URI: 'http://localhost:3000/' } }
  expect((await signIn(app, ethereumWallet(), { ...local, domain: 'evil.example' })).body.error_description).toContain(
    'using a Domain that does not match',
  )
  expect((await signIn(app, ethereumWallet(), local)).status).toBe(200)
  expect((await signIn(app, solanaWallet(), local)).status).toBe(200)
})

test.each(wallets)('a message is valid only within its time, with %s', async (_, make) => {
  await using app = await start()
  const now = app.clock.now()
  const at = (ms: number) => new Date(now + ms).toISOString()
  const { name } = make()
  const ask = async (fields: Record<string, string>) => signIn(app, make(), { fields })
  expect(await ask({ 'Not Before': at(1000) })).toMatchObject(
    refused(`Signed ${name} message becomes valid in the future`),
  )
  expect(await ask({ 'Issued At': at(-MINUTE), 'Expiration Time': at(-1) })).toMatchObject(
    refused(`Signed ${name} message is expired`),
  )
  expect(await ask({ 'Issued At': at(-10 * MINUTE - 1) })).toMatchObject(
    refused(`${name} message was issued too long ago`),
  )
  expect(await ask({ 'Issued At': at(10 * MINUTE + 1) })).toMatchObject(
    refused(`${name} message was issued too far in the future`),
  )
  const inTime: Record<string, string>[] = [
    { 'Issued At': at(-10 * MINUTE) },
    { 'Issued At': at(10 * MINUTE) },
    { 'Expiration Time': at(0), 'Not Before': at(0) },
    { 'Issued At': at(-1000).replace('Z', '+00:00') },
  ]
  for (const fields of inTime) expect((await ask(fields)).status).toBe(200)
})

test('sign-in with wallets must be enabled', async () => {
  await using off = await startApp()
  expect(await signIn(off, ethereumWallet())).toMatchObject({
    status: 422,
    body: { code: 'web3_provider_disabled', message: 'Web3 provider is disabled' },
  })
  await using one = await startApp({ settings: { AUTH_EXTERNAL_WEB3_SOLANA_ENABLED: 'true' } })
  expect((await signIn(one, ethereumWallet())).body.message).toBe('Ethereum Web3 provider is disabled')
  expect(await send(one, { chain: 'dogecoin' })).toMatchObject({
    status: 400,
    body: { code: 'web3_unsupported_chain', message: 'Unsupported chain' },
  })
  expect((await send(one, {})).body.code).toBe('web3_unsupported_chain')
})

test('with sign-ups disabled, known wallets can sign in; banned ones cannot', async () => {
  await using app = await start()
  const wallet = ethereumWallet()
  const { body } = await signIn(app, wallet)
  const path = `/auth/v1/admin/users/${body.user.id}`
  await app.ask('PUT', path, { token: app.admin, body: { ban_duration: '1h' } })
  app.clock.advance(1)
  expect((await signIn(app, wallet)).body.code).toBe('user_banned')
  await using closed = await start({ AUTH_DISABLE_SIGNUP: 'true' })
  expect((await signIn(closed, ethereumWallet())).body.code).toBe('signup_disabled')
})

test('sign-ins with wallets have a limit of their own', async () => {
  await using app = await start({ AUTH_RATE_LIMITS: 'on' })
  const replies = []
  for (let count = 0; count < 31; count++) replies.push(await send(app, { chain: 'ethereum' }, '203.0.113.99'))
  expect(replies.map(({ status }) => status).slice(-2)).toEqual([400, 429])
  expect((await send(app, { chain: 'ethereum' }, '203.0.113.98')).status).toBe(400)
})

test('a message with a duplicate line is refused, whichever of them is correct', async () => {
  await using app = await start()
  const wallet = ethereumWallet()
  for (const line of ['URI: https://app.example/x', `Issued At: ${new Date(app.clock.now()).toISOString()}`]) {
    const message = `${messageOf(wallet, app.clock.now())}\n${line}`
    const reply = await send(app, { chain: 'ethereum', message, signature: await wallet.sign(message) })
    const [name] = line.split(': ')
    expect(reply).toMatchObject(invalid(`siwe: ${name} is specified more than once`))
  }
})

test('addresses whose signatures anyone can forge are refused', async () => {
  await using app = await start()
  const zero = Buffer.alloc(32)
  const identity = Buffer.from([1, ...Buffer.alloc(31)])
  const order8 = Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex')
  for (const [key, point] of [
    [zero, zero],
    [identity, identity],
    [order8, identity],
    [Buffer.alloc(32, 0xff), identity],
  ] as const) {
    const message = messageOf({ name: 'Solana', address: base58.encode(key) }, app.clock.now())
    const signature = Buffer.concat([point, Buffer.alloc(32)]).toString('base64')
    const { status } = await send(app, { chain: 'solana', message, signature })
    expect([key.toString('hex'), status]).toEqual([key.toString('hex'), 400])
  }
})

test.each(wallets)('a trailing slash of a bare origin makes no difference, with %s', async (_, make) => {
  for (const entry of ['https://other.example', 'https://other.example/']) {
    await using app = await start({ AUTH_URI_ALLOW_LIST: entry })
    for (const uri of ['https://other.example', 'https://other.example/']) {
      const parts = { domain: 'other.example', fields: { URI: uri } }
      expect([entry, uri, (await signIn(app, make(), parts)).status]).toEqual([entry, uri, 200])
    }
  }
})

test.each(wallets)('the error names what is not allowed, and the log how to allow it, with %s', async (_, make) => {
  await using app = await start({ AUTH_URI_ALLOW_LIST: 'https://other.example/login' })
  const wallet = make()
  const tell = async (domain: string, uri: string) =>
    (await signIn(app, wallet, { domain, fields: { URI: uri } })).body.error_description
  const said = (what: string) => `Signed ${wallet.name} message is using ${what}`
  const foreign = said('URI which is not allowed on this server, message was signed for another app')
  const domain = said('a Domain that does not match the one in URI which is not allowed on this server')
  expect(await tell('other.example', 'http://other.example/login')).toBe(said('URI which does not use HTTPS'))
  expect(await tell('other.example', 'https://other.example/')).toBe(foreign)
  expect(await tell('third.example', 'https://other.example/login')).toBe(domain)
  expect(await tell('other.example', 'https://other.example/login')).toBe(domain)
  const refusals = app.log().filter(({ msg }) => String(msg).includes('wallet'))
  expect(refusals).toHaveLength(2)
  for (const refusal of refusals) expect(refusal.add_to_AUTH_URI_ALLOW_LIST).toBe('https://other.example/**')
})
