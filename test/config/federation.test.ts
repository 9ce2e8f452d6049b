import { expect, test } from 'bun:test'
import { load } from '../../src/config/load'

const loaded = (value: string) => load({ set: { AUTH_FEDERATION_SERVERS: value } })

test('servers are listed as URLs, optionally with a name before them', () => {
  const { settings, problems } = loaded(
    'work=https://auth.example.com/, https://b.example/base,dev=http://127.0.0.1:7020',
  )
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(settings.federation.servers).toEqual([
    { name: 'work', url: 'https://auth.example.com' },
    { name: undefined, url: 'https://b.example/base' },
    { name: 'dev', url: 'http://127.0.0.1:7020' },
  ])
})

test.each([
  ['plain http to another host', 'http://auth.example.com'],
  ['another scheme', 'file:///etc/passwd'],
  ['a reserved name', 'local=https://auth.example.com'],
  ['a name with other characters', 'my work=https://auth.example.com'],
  ['a user in the URL', 'https://ada@auth.example.com'],
  ['a query', 'https://auth.example.com?a=b'],
  ['a fragment', 'https://auth.example.com#a'],
  ['no URL at all', 'work='],
  ['an address of a private network', 'https://10.0.0.5'],
  ['a name that only a private network has', 'work=https://auth.corp.internal'],
  ['one name twice', 'a=https://b.example,a=https://c.example'],
  ['one URL twice', 'a=https://b.example,https://b.example/'],
])('%s prevents the start', (_, value) => {
  expect(loaded(value).problems.filter(({ severity }) => severity === 'error')).toHaveLength(1)
})
