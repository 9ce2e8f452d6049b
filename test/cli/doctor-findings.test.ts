import { expect, test } from 'bun:test'
import type { MailDns } from '../../src/adapters/mail-dns'
import { clockFinding, mailDnsFindings, permissionFinding, proxyFinding } from '../../src/cli/doctor-findings'

const found = <T>(value: T) => ({ outcome: 'found' as const, value })
const none = { outcome: 'none' as const }
const unreachable = { outcome: 'unreachable' as const }
const statesOf = (dns: MailDns) =>
  Object.fromEntries(mailDnsFindings('example.com', dns, 'smtp.example.net').map(({ check, state }) => [check, state]))

const GOOD: MailDns = {
  mx: found(['mx.example.com']),
  spf: found(['v=spf1 include:example.net -all']),
  dmarc: found('v=DMARC1; p=reject'),
}

test.each([
  [{}, { 'mail mx': 'ok', 'mail spf': 'ok', 'mail dmarc': 'ok', 'mail dkim': 'ok' }],
  [{ mx: none }, { 'mail mx': 'warn' }],
  [{ spf: none }, { 'mail spf': 'warn' }],
  [{ spf: found(['v=spf1 -all', 'v=spf1 ~all']) }, { 'mail spf': 'fail' }],
  [{ spf: found(['v=spf1 +all']) }, { 'mail spf': 'warn' }],
  [{ spf: found(['v=spf1 all']) }, { 'mail spf': 'warn' }],
  [{ dmarc: none }, { 'mail dmarc': 'warn' }],
  [
    { mx: unreachable, spf: unreachable, dmarc: unreachable },
    { 'mail mx': 'warn', 'mail spf': 'warn', 'mail dmarc': 'warn' },
  ],
] as [Partial<MailDns>, Record<string, string>][])('mail DNS with %j gives %j', (change, expected) =>
  expect(statesOf({ ...GOOD, ...change })).toMatchObject(expected),
)

test('every problem comes with what to do', () => {
  const problems = mailDnsFindings('example.com', { mx: none, spf: none, dmarc: none }, 'smtp.example.net')
  for (const { state, advice } of problems) if (state !== 'ok') expect(advice).toBeString()
  expect(problems.find(({ check }) => check === 'mail spf')?.advice).toContain('v=spf1 a:smtp.example.net -all')
})

test.each([
  [0o40700, 'folder', 'ok'],
  [0o40750, 'folder', 'fail'],
  [0o100600, 'file', 'ok'],
  [0o100604, 'file', 'fail'],
] as const)('the mode %o of a %s is %s', (mode, kind, state) => {
  const finding = permissionFinding('/data', mode, kind)
  expect(finding.state).toBe(state)
  if (state === 'fail') expect(finding.advice).toBe(`chmod ${kind === 'folder' ? '700' : '600'} /data`)
})

test('a clock that is off by more than five seconds fails, in both directions', () => {
  expect(clockFinding(10_000, 12_000, 'x').state).toBe('ok')
  expect(clockFinding(70_000, 10_000, 'x')).toMatchObject({ state: 'fail', message: 'is 60 s ahead of x' })
  expect(clockFinding(10_000, 70_000, 'x')).toMatchObject({ state: 'fail', message: 'is 60 s behind x' })
})

test.each([
  [{}, 'fail'],
  [{ trustedProxies: 1 }, 'ok'],
  [{ isLocal: true }, 'ok'],
  [{ apiExternalUrl: 'http://auth.example.com', isLoopback: false }, 'ok'],
  [{ isLoopback: false }, 'fail'],
])('a public https URL with %j: %s', (change, state) => {
  const settings = { apiExternalUrl: 'https://auth.example.com', isLoopback: true, isLocal: false, trustedProxies: 0 }
  expect(proxyFinding({ ...settings, ...change }).state).toBe(state as never)
})
