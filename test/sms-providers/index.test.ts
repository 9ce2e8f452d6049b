import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { httpPost } from '../../src/adapters/http-post'
import type { HttpPost, OutgoingSms } from '../../src/core/kernel/ports'
import { type SmsProviderName, smsProviderNamed } from '../../src/sms-providers'

interface Asked {
  method: string
  path: string
  headers: Headers
  form: Record<string, string>
}

interface SmsSettings {
  provider: SmsProviderName
  baseUrl?: string
  timeoutMs?: number
  [option: string]: string | number | undefined
}

const smsProvider = ({ provider, baseUrl, timeoutMs, ...options }: SmsSettings, post = httpPost) =>
  smsProviderNamed(provider).create(options as Record<string, string>, post, {
    ...(baseUrl !== undefined && { baseUrl }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  })

let asked: Asked[] = []
let answer: () => Response | Promise<Response> = () => new Response()

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const { pathname, search } = new URL(request.url)
    const form = Object.fromEntries(new URLSearchParams(await request.text()))
    asked.push({ method: request.method, path: pathname + search, headers: request.headers, form })
    return answer()
  },
})
afterAll(() => server.stop(true))
beforeEach(() => {
  asked = []
})

const baseUrl = server.url.origin
const twilio = {
  provider: 'twilio',
  accountSid: 'AC1',
  authToken: 'top/secret',
  sender: '+15550001111',
  baseUrl,
} as const
const verify = {
  provider: 'twilio_verify',
  accountSid: 'AC1',
  authToken: 'top/secret',
  serviceSid: 'VA1',
  baseUrl,
} as const
const messageBird = { provider: 'messagebird', accessKey: 'top/secret', originator: 'Latchkey', baseUrl } as const
const vonage = { provider: 'vonage', apiKey: 'key-1', apiSecret: 'top/secret', from: 'Latchkey', baseUrl } as const
const textlocal = { provider: 'textlocal', apiKey: 'top/secret', sender: 'TXTLCL', baseUrl } as const

const sms: OutgoingSms = { phone: '15552223333', text: 'Your code is 483920', code: '483920', channel: 'sms' }
const whatsapp: OutgoingSms = { ...sms, channel: 'whatsapp' }
const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status })
const basic = `Basic ${Buffer.from('AC1:top/secret').toString('base64')}`

interface Case {
  settings: SmsSettings
  path: string
  authorization: string | null
  form: Record<string, string>
  sent: [body: unknown, status: number, id: string]
  /** Each contains the provider's error text. */
  refusals: [body: unknown, status: number, error: string][]
}

const cases: Case[] = [
  {
    settings: twilio,
    path: '/2010-04-01/Accounts/AC1/Messages.json',
    authorization: basic,
    form: { To: '+15552223333', Channel: 'sms', From: '+15550001111', Body: 'Your code is 483920' },
    sent: [{ sid: 'SM1', status: 'queued', error_code: null, error_message: null }, 201, 'SM1'],
    refusals: [
      [
        {
          code: 21211,
          message: "The 'To' number is not valid.",
          more_info: 'https://www.twilio.com/docs/errors/21211',
          status: 400,
        },
        400,
        "The 'To' number is not valid. More information: https://www.twilio.com/docs/errors/21211",
      ],
      [{ code: 20003, message: 'Authenticate' }, 401, 'Authenticate'],
      [{ sid: 'SM1', status: 'failed', error_code: 30007, error_message: 'Filtered' }, 201, 'Filtered'],
      [{ sid: 'SM1', status: 'undelivered', error_message: null }, 201, 'Twilio answered 201'],
      [{ status: 'queued' }, 201, 'Twilio answered 201'],
      [{ sid: 'SM1', status: 'queued' }, 500, 'Twilio answered 500'],
    ],
  },
  {
    settings: verify,
    path: '/v2/Services/VA1/Verifications',
    authorization: basic,
    form: { To: '+15552223333', Channel: 'sms' },
    sent: [{ sid: 'VE1', status: 'pending', valid: false }, 201, 'VE1'],
    refusals: [
      [{ code: 60203, message: 'Max send attempts reached' }, 429, 'Max send attempts reached'],
      [{ sid: 'VE1' }, 503, 'Twilio Verify answered 503'],
      [{ status: 'pending' }, 201, 'Twilio Verify answered 201'],
    ],
  },
  {
    settings: messageBird,
    path: '/messages',
    authorization: 'AccessKey top/secret',
    form: {
      originator: 'Latchkey',
      body: 'Your code is 483920',
      recipients: '15552223333',
      type: 'sms',
      datacoding: 'unicode',
    },
    sent: [{ id: 'mb1', recipients: { totalCount: 1, totalSentCount: 1, items: [] } }, 201, 'mb1'],
    refusals: [
      [
        { errors: [{ code: 2, description: 'Request not allowed (incorrect access_key)', parameter: 'access_key' }] },
        401,
        'Request not allowed (incorrect access_key)',
      ],
      [{ errors: [{ code: 9, description: 'no (correct) recipients found' }] }, 422, 'no (correct) recipients found'],
      [{ id: 'mb1', recipients: { totalSentCount: 0 } }, 201, 'MessageBird answered 201'],
      [{ id: 'mb1' }, 201, 'MessageBird answered 201'],
      [{ recipients: { totalSentCount: 1 } }, 201, 'MessageBird answered 201'],
      [{ errors: [] }, 500, 'MessageBird answered 500'],
    ],
  },
  {
    settings: vonage,
    path: '/sms/json',
    authorization: null,
    form: {
      from: 'Latchkey',
      to: '15552223333',
      text: 'Your code is 483920',
      api_key: 'key-1',
      api_secret: 'top/secret',
    },
    sent: [{ 'message-count': '1', messages: [{ to: '15552223333', 'message-id': 'vo1', status: '0' }] }, 200, 'vo1'],
    refusals: [
      [{ messages: [{ status: '4', 'error-text': 'Bad Credentials' }] }, 200, 'Bad Credentials'],
      [{ messages: [{ status: '1', 'error-text': 'Throughput Rate Exceeded' }] }, 200, 'Throughput Rate Exceeded'],
      [{ messages: [] }, 200, 'Vonage answered 200'],
      [{ messages: [{ 'message-id': 'vo1' }] }, 200, 'Vonage answered 200'],
      [{ messages: [{ 'message-id': 'vo1', status: '0' }] }, 500, 'Vonage answered 500'],
    ],
  },
  {
    settings: textlocal,
    path: '/send/',
    authorization: null,
    form: { sender: 'TXTLCL', apikey: 'top/secret', message: 'Your code is 483920', numbers: '15552223333' },
    sent: [
      { balance: 9, messages: [{ id: 1151346216, recipient: 15552223333 }], status: 'success' },
      200,
      '1151346216',
    ],
    refusals: [
      [{ errors: [{ code: 3, message: 'Invalid login details' }], status: 'failure' }, 200, 'Invalid login details'],
      [{ warnings: [{ code: 3, message: 'Invalid number' }], status: 'failure' }, 200, 'Invalid number'],
      [{ status: 'failure' }, 200, 'Textlocal answered 200'],
      [{ messages: [{ id: 1 }] }, 200, 'Textlocal answered 200'],
      [{ status: 'success', messages: [{ id: 1 }] }, 500, 'Textlocal answered 500'],
    ],
  },
]

describe.each(cases.map((each) => [each.settings.provider, each] as const))('%s', (_name, each) => {
  const provider = smsProvider(each.settings)
  const send = () => provider.send(sms)

  test('is called once, as its documentation says', async () => {
    answer = json(each.sent[0], each.sent[1])
    expect(await send()).toEqual({ outcome: 'sent', id: each.sent[2] })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ method: 'POST', path: each.path })
    expect(asked[0]?.form).toEqual(each.form)
    expect(asked[0]?.headers.get('authorization')).toBe(each.authorization)
    expect(asked[0]?.headers.get('content-type')).toBe('application/x-www-form-urlencoded')
  })

  test.each(each.refusals)('fails if it answers %j with status %d', async (body, status, error) => {
    answer = json(body, status)
    expect(await send()).toEqual({ outcome: 'failed', error })
  })

  test.each([
    ['<html>Bad gateway</html>', 502],
    ['', 200],
    ['null', 200],
    ['"ok"', 201],
    ['{"sid":"1","status":', 201],
    ['[]', 201],
    ['{}', 200],
    ['{"messages":[null],"recipients":null,"errors":"x","status":{}}', 200],
    [`{"sid":"1","pad":"${'x'.repeat(70_000)}"}`, 201],
  ])('fails if it answers garbage', async (body, status) => {
    answer = () => new Response(body, { status })
    expect(await send()).toEqual({
      outcome: 'failed',
      error: expect.stringMatching(new RegExp(` answered ${status}$`)),
    })
  })

  test.each([301, 302, 307, 308])('a redirect by %d is not followed', async (status) => {
    answer = () => new Response(null, { status, headers: { location: '/elsewhere' } })
    expect(await send()).toEqual({
      outcome: 'failed',
      error: expect.stringMatching(new RegExp(` answered ${status}$`)),
    })
    expect(asked).toHaveLength(1)
  })

  test('fails if it answers too late', async () => {
    answer = () => new Promise<Response>(() => {})
    expect(await smsProvider({ ...each.settings, timeoutMs: 20 }).send(sms)).toEqual({
      outcome: 'failed',
      error: expect.stringContaining('did not respond within 20 ms'),
    })
  })

  test('fails if it is unreachable', async () => {
    const nobody = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    await nobody.stop(true)
    expect(await smsProvider({ ...each.settings, baseUrl: nobody.url.origin }).send(sms)).toEqual({
      outcome: 'failed',
      error: expect.stringContaining('cannot be reached: '),
    })
  })

  test('is called at its own URL by default, with a timeout of ten seconds', async () => {
    const { baseUrl: _, ...settings } = each.settings
    const requests: Parameters<HttpPost>[0][] = []
    const post: HttpPost = async (request) => {
      requests.push(request)
      return { outcome: 'timed_out' }
    }
    await smsProvider(settings, post).send(sms)
    const host = {
      twilio: 'api.twilio.com',
      twilio_verify: 'verify.twilio.com',
      messagebird: 'rest.messagebird.com',
      vonage: 'rest.nexmo.com',
      textlocal: 'api.textlocal.in',
    }[each.settings.provider]
    expect(requests).toEqual([expect.objectContaining({ url: `https://${host}${each.path}`, timeoutMs: 10_000 })])
  })

  test('an error text is one short line without secrets or the code', async () => {
    const secret = 'top/secret'
    const words = `no\r\n${secret} for 483920 ${'x'.repeat(300)}`
    const bodies = {
      twilio: { message: words },
      twilio_verify: { message: words },
      messagebird: { errors: [{ description: words }] },
      vonage: { messages: [{ status: '4', 'error-text': words }] },
      textlocal: { status: 'failure', errors: [{ message: words }] },
    }
    answer = json(bodies[each.settings.provider], each.settings.provider === 'vonage' ? 200 : 400)
    const outcome = await send()
    if (outcome.outcome !== 'failed') throw new Error(outcome.outcome)
    const code = each.settings.provider === 'twilio_verify' ? '483920' : '…' // it makes codes of its own
    expect(outcome.error).toStartWith(`no … for ${code} xxx`)
    expect(outcome.error).toHaveLength(200)
  })

  test('only providers that generate codes verify them', () => {
    expect(typeof provider.check).toBe(each.settings.provider === 'twilio_verify' ? 'function' : 'undefined')
  })
})

test.each([messageBird, vonage, textlocal])('$provider sends no WhatsApp message', async (settings) => {
  answer = json({})
  expect(await smsProvider(settings).send(whatsapp)).toEqual({
    outcome: 'failed',
    error: expect.stringMatching(/^channel type "whatsapp" is not supported for /),
  })
  expect(asked).toEqual([])
})

test.each<[string, OutgoingSms, string | undefined, Record<string, string>]>([
  ['MG0f1e', sms, undefined, { To: '+15552223333', Channel: 'sms', MessagingServiceSid: 'MG0f1e', Body: sms.text }],
  ['Latchkey', sms, 'HX1', { To: '+15552223333', Channel: 'sms', From: 'Latchkey', Body: sms.text }],
  [
    '+15550001111',
    whatsapp,
    undefined,
    { To: 'whatsapp:+15552223333', Channel: 'whatsapp', From: 'whatsapp:+15550001111', Body: sms.text },
  ],
  [
    'whatsapp:+15550001111',
    whatsapp,
    'HX1',
    {
      To: 'whatsapp:+15552223333',
      Channel: 'whatsapp',
      From: 'whatsapp:+15550001111',
      ContentSid: 'HX1',
      ContentVariables: '{"1":"483920"}',
    },
  ],
  [
    'MG0f1e',
    whatsapp,
    'HX1',
    {
      To: 'whatsapp:+15552223333',
      Channel: 'whatsapp',
      MessagingServiceSid: 'MG0f1e',
      ContentSid: 'HX1',
      ContentVariables: '{"1":"483920"}',
    },
  ],
])('Twilio, sending from %s', async (sender, message, contentSid, form) => {
  answer = json({ sid: 'SM1', status: 'accepted' }, 201)
  expect(await smsProvider({ ...twilio, sender, contentSid }).send(message)).toEqual({ outcome: 'sent', id: 'SM1' })
  expect(asked[0]?.form).toEqual(form)
})

test('Twilio Verify gets WhatsApp as the channel alone', async () => {
  answer = json({ sid: 'VE1' }, 201)
  expect(await smsProvider(verify).send(whatsapp)).toEqual({ outcome: 'sent', id: 'VE1' })
  expect(asked[0]?.form).toEqual({ To: '+15552223333', Channel: 'whatsapp' })
})

test.each([
  ['Your code is 483920 ~', false],
  ['Dein Schlüssel: 483920', true],
  ['コード 483920', true],
  ['483920 🔑', true],
])('Vonage is told that %j is unicode: %p', async (text, isUnicode) => {
  answer = json({ messages: [{ 'message-id': 'vo1', status: '0' }] })
  await smsProvider(vonage).send({ ...sms, text })
  expect(asked[0]?.form.text).toBe(text)
  expect(asked[0]?.form.type).toBe(isUnicode ? 'unicode' : undefined)
})

describe('Twilio Verify, when it checks a code', () => {
  const check = (settings: SmsSettings = verify) => smsProvider(settings).check?.('15552223333', '483920')

  test('gets the number and the code', async () => {
    answer = json({ sid: 'VE1', status: 'approved', valid: true })
    expect(await check()).toBe(true)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({
      method: 'POST',
      path: '/v2/Services/VA1/VerificationCheck',
      form: { To: '+15552223333', Code: '483920' },
    })
    expect(asked[0]?.headers.get('authorization')).toBe(basic)
  })

  test.each<[string, unknown, number]>([
    ['pending', { status: 'pending', valid: false }, 200],
    ['canceled', { status: 'canceled', valid: false }, 200],
    ['not found, as after its expiry', { code: 20404, message: 'The requested resource was not found' }, 404],
    ['of the wrong length', { code: 60200, message: 'Invalid parameter `Code`' }, 400],
    ['tried too often', { code: 60202, message: 'Max check attempts reached' }, 429],
    ['approved, in an answer that is none', { status: 'approved' }, 404],
  ])('rejects a code that is %s', async (_what, body, status) => {
    answer = json(body, status)
    expect(await check()).toBe(false)
  })

  test('rejects a code where no verification exists', async () => {
    answer = () => new Response(null, { status: 404 })
    expect(await check()).toBe(false)
  })

  test.each<[() => Response, string]>([
    [json({ code: 20003, message: 'Authenticate top/secret' }, 401), 'Twilio Verify answered 401 Authenticate …'],
    [json({ code: 20429, message: 'Too many requests' }, 429), 'Twilio Verify answered 429 Too many requests'],
    [json({ status: 'approved' }, 500), 'Twilio Verify answered 500'],
    [json({}), 'Twilio Verify answered 200'],
    [() => new Response('approved'), 'Twilio Verify answered 200'],
    [() => new Response(null, { status: 302, headers: { location: '/' } }), 'Twilio Verify answered 302'],
  ])('is unavailable if it fails to answer', async (given, error) => {
    answer = given
    await expect(check()).rejects.toThrow(new Error(error))
  })

  test('is unavailable if it answers too late', async () => {
    answer = () => new Promise<Response>(() => {})
    await expect(check({ ...verify, timeoutMs: 20 })).rejects.toThrow('Twilio Verify did not respond within 20 ms')
  })
})

test('values of settings are escaped in the path', async () => {
  answer = json({})
  await smsProvider({ ...twilio, accountSid: '../x?y#z' }).send(sms)
  await smsProvider({ ...verify, serviceSid: '../x?y#z' }).send(sms)
  expect(asked.map(({ path }) => path)).toEqual([
    '/2010-04-01/Accounts/..%2Fx%3Fy%23z/Messages.json',
    '/v2/Services/..%2Fx%3Fy%23z/Verifications',
  ])
})

test('by default, providers are called over HTTP', async () => {
  answer = json({ sid: 'SM1', status: 'queued' }, 201)
  expect(await smsProvider(twilio, httpPost).send(sms)).toEqual(await smsProvider(twilio).send(sms))
})
