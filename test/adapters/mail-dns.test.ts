import { expect, test } from 'bun:test'
import { type DnsLookups, mailDns } from '../../src/adapters/mail-dns'

const missing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))

/** Name servers with these TXT records. */
const lookups = (texts: Record<string, string[][]>, mx: string[] = []): DnsLookups => ({
  resolveMx: () =>
    mx.length > 0 ? Promise.resolve(mx.map((exchange) => ({ exchange, priority: 10 }))) : missing('ENODATA'),
  resolveTxt: (name: string) => (texts[name] ? Promise.resolve(texts[name]) : missing('ENOTFOUND')),
})

test('the records of a domain are found, in parts as DNS has them', async () => {
  const found = await mailDns(
    'mail.example.com',
    lookups(
      {
        'mail.example.com': [['v=spf1 include:_spf.example.net ', '-all'], ['other=1']],
        '_dmarc.example.com': [['v=DMARC1; p=reject']],
      },
      ['mx.example.com'],
    ),
  )
  expect(found).toEqual({
    mx: { outcome: 'found', value: ['mx.example.com'] },
    spf: { outcome: 'found', value: ['v=spf1 include:_spf.example.net -all'] },
    dmarc: { outcome: 'found', value: 'v=DMARC1; p=reject' },
  })
})

test('the record of the domain itself goes before that of its organization', async () => {
  const { dmarc } = await mailDns(
    'mail.example.com',
    lookups({ '_dmarc.mail.example.com': [['v=DMARC1; p=none']], '_dmarc.example.com': [['v=DMARC1; p=reject']] }),
  )
  expect(dmarc).toEqual({ outcome: 'found', value: 'v=DMARC1; p=none' })
})

test('what does not exist is told apart from what cannot be looked up', async () => {
  expect(await mailDns('example.com', lookups({ 'example.com': [['v=spf10 nothing']] }))).toEqual({
    mx: { outcome: 'none' },
    spf: { outcome: 'none' },
    dmarc: { outcome: 'none' },
  })
  const refusing: DnsLookups = { resolveMx: () => missing('ECONNREFUSED'), resolveTxt: () => missing('ETIMEOUT') }
  const unreachable = { outcome: 'unreachable' }
  expect(await mailDns('example.com', refusing)).toEqual({
    mx: unreachable,
    spf: unreachable,
    dmarc: unreachable,
  } as never)
  const silent: DnsLookups = { resolveMx: () => new Promise(() => {}), resolveTxt: () => new Promise(() => {}) }
  expect(await mailDns('example.com', silent, 1)).toEqual({
    mx: unreachable,
    spf: unreachable,
    dmarc: unreachable,
  } as never)
})
