/** Redirect targets, and attacks on them. */
import { expect, test } from 'bun:test'
import { parseRedirectPattern } from '../../../src/core/kernel/redirect-rules'
import { chooseRedirect } from '../../../src/core/kernel/redirects'

const SITE = 'https://app.example.com'

interface World {
  site?: string
  allow?: string[]
}

type Reported = Record<string, unknown>

function world({ site = SITE, allow = [] }: World = {}) {
  const reports: Reported[] = []
  const policy = { redirects: { siteUrl: site, allowed: allow.map(parseRedirectPattern) } }
  const deps = {
    policy,
    report: (_level: string, _message: string, fields: object) => void reports.push({ ...fields }),
  }
  const choose = (...candidates: (string | undefined)[]) =>
    chooseRedirect(deps as unknown as Parameters<typeof chooseRedirect>[0], { candidates, referer: undefined })
  return {
    reports,
    choose,
    chooseWith: (candidates: (string | undefined)[], referer: string) =>
      chooseRedirect(deps as unknown as Parameters<typeof chooseRedirect>[0], { candidates, referer }),
    allows: (candidate: string) => choose(candidate) === candidate,
  }
}

const allowed = (candidates: string[], given?: World) => candidates.filter(world(given).allows)

// The order of candidates

test('the first allowed candidate is used, or else the site URL', () => {
  const { choose, chooseWith } = world({ allow: ['https://other.example.com/**'] })
  expect(choose(`${SITE}/a`, `${SITE}/b`)).toBe(`${SITE}/a`)
  expect(choose('https://evil.net/', undefined, '', 'https://other.example.com/b')).toBe('https://other.example.com/b')
  expect(choose('https://evil.net/')).toBe(SITE)
  expect(choose()).toBe(SITE)
  expect(chooseWith([undefined], `${SITE}/page`)).toBe(`${SITE}/page`)
  expect(chooseWith(['https://evil.net/'], `${SITE}/page`)).toBe(`${SITE}/page`)
  expect(chooseWith([`${SITE}/a`], `${SITE}/page`)).toBe(`${SITE}/a`)
  expect(chooseWith([undefined], 'https://evil.net/')).toBe(SITE)
})

test('a site URL with several parts is returned unchanged', () => {
  expect(world({ site: 'https://app.example.com/welcome?x=1' }).choose('https://evil.net')).toBe(
    'https://app.example.com/welcome?x=1',
  )
})

// The rules, in their order

test('rule 1: the scheme, host and port of the site, with any path', () => {
  const yes = [
    SITE,
    `${SITE}/`,
    `${SITE}/a/b.html?x=1#f`,
    `${SITE}:443/`,
    'HTTPS://App.Example.COM/x',
    `${SITE}?x`,
    `${SITE}#x`,
  ]
  const no = [
    ...[
      'http://app.example.com/',
      `${SITE}:8443/`,
      `${SITE}:80/`,
      'https://example.com/',
      'https://x.app.example.com/',
    ],
    ...[`${SITE}.evil.net/`, `${SITE}.evil.net`, 'https://app.example.comevil.net', 'https://evilapp.example.com/'],
  ]
  expect(allowed([...yes, ...no])).toEqual(yes)
})

test('rule 1: a site on loopback allows any port, others do not', () => {
  for (const host of ['localhost', 'app.localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]']) {
    const { allows } = world({ site: `http://${host}:3000` })
    expect([host, allows(`http://${host}:5173/cb`), allows(`http://${host}/`)]).toEqual([host, true, true])
    expect(allows('http://localhost.evil.net:3000/')).toBe(false)
    if (host.endsWith('localhost')) expect(allows(`https://${host}:3000/`)).toBe(false)
  }
  expect(allowed(['http://10.0.0.5:9/'], { site: 'http://10.0.0.5:8' })).toEqual([])
  expect(allowed(['http://10.0.0.5:8/x'], { site: 'http://10.0.0.5:8' })).toEqual(['http://10.0.0.5:8/x'])
})

test('rule 2: a host of digits alone is refused, whatever the list says', () => {
  const candidates = ['https://2130706433/', 'http://134744072', 'https://1/x', 'https://00000000/']
  expect(allowed(candidates, { allow: ['**'] })).toEqual([])
})

test('rule 3: loopback addresses are allowed, and other IP addresses only if an entry contains them literally', () => {
  const local = ['http://127.0.0.1:3000/', 'http://127.9.9.9/', 'http://[::1]/x', 'http://[0:0:0:0:0:0:0:1]:8/']
  const far = [
    'http://10.0.0.5/',
    'https://8.8.8.8/',
    'http://[2001:db8::1]/',
    'http://169.254.169.254/',
    'http://[::ffff:8.8.8.8]/',
  ]
  for (const allow of [[], ['**']]) expect(allowed([...local, ...far], { allow })).toEqual(local)
})

test('rule 4: a web host has letters, digits, dots and hyphens, and begins and ends with a letter or digit', () => {
  const yes = ['https://a/', 'https://a-b.c/', 'https://xn--bcher-kva.example/', 'http://A9.example:81/x']
  const no = [
    ...['https://a_b.example/', 'https://-a.example/', 'https://a-/', 'https://a.example./', 'https://.example/'],
    ...[
      'https://bücher.example/',
      'https://a%2eexample/',
      'https://a!b/',
      "https://a'b/",
      'https://a*b/',
      'https://*/',
    ],
    ...['https://ａ.example/', 'https://a。example/', 'https:a.example/x', 'https:///a.example/', 'https:/a.example'],
  ]
  expect(allowed([...yes, ...no], { allow: ['**'] })).toEqual(yes)
})

test('rule 5: the list matches the whole URL with its query, without the fragment', () => {
  const examples: Record<string, { yes: string[]; no: string[] }> = {
    'http://localhost:3000/*': { yes: ['http://localhost:3000/a'], no: ['http://localhost:3000/a/b'] },
    'https://*.foo.com': { yes: ['https://a.foo.com'], no: ['https://a.b.foo.com'] },
    'https://foo.com/**': { yes: ['https://foo.com/', 'https://foo.com/a/b?c=d'], no: ['https://foo.com'] },
    'https://foo.com/cb': {
      yes: ['https://foo.com/cb', 'https://foo.com/cb#x/y.z', 'https://foo.com/cb#'],
      no: ['https://foo.com/cb?x=1', 'https://foo.com/cb?#', 'HTTPS://foo.com/cb'],
    },
    'https://foo.com/*': { yes: ['https://foo.com/a'], no: ['https://foo.com/a.html'] },
    'myapp://*': { yes: ['myapp://login', 'myapp://login#x.y'], no: ['myapp://login/x'] },
    'com.example.app:/cb': { yes: ['com.example.app:/cb'], no: ['com.example.app:/cbx'] },
    'exp://192.168.1.5:8081': { yes: ['exp://192.168.1.5:8081'], no: ['exp://192.168.1.6:8081'] },
  }
  for (const [pattern, { yes, no }] of Object.entries(examples))
    expect([pattern, allowed([...yes, ...no], { allow: [pattern] })]).toEqual([pattern, yes])
})

test('several patterns allow what any of them allows', () => {
  const allow = ['https://a.example/*', 'myapp://**']
  expect(allowed(['https://a.example/x', 'myapp://x/y', 'https://b.example/x'], { allow })).toEqual([
    ...['https://a.example/x', 'myapp://x/y'],
  ])
})

// Entries for development and for mobile apps

test('an entry with a literal IP address allows that address', () => {
  const examples: Record<string, { yes: string[]; no: string[] }> = {
    'http://192.168.1.20:3000/**': {
      yes: ['http://192.168.1.20:3000/', 'http://192.168.1.20:3000/cb?x=1#y'],
      no: [
        ...['http://192.168.1.21:3000/', 'http://192.168.1.20:3001/', 'http://192.168.1.20:3000@evil.net/'],
        ...['http://x@192.168.1.20:3000/', 'http://192.168.1.20.evil.net:3000/', 'http://192.168.1.20:3000'],
      ],
    },
    'http://[fd00::20]:3000/**': {
      yes: ['http://[fd00::20]:3000/x'],
      no: ['http://[fd00::21]:3000/x', 'http://f:3000/x'],
    },
    'http://192.168.*.*:3000/**': {
      yes: ['http://192.168.7.9:3000/x'],
      no: ['http://192.169.7.9:3000/x', 'http://192.168.evil.net:3000/x', 'http://192.168.7@evil.net:3000/x'],
    },
    'http://203.0.113.5/cb': { yes: ['http://203.0.113.5/cb'], no: ['http://203.0.113.5/', 'http://203.0.113.6/cb'] },
  }
  for (const [pattern, { yes, no }] of Object.entries(examples))
    expect([pattern, allowed([...yes, ...no], { allow: [pattern] })]).toEqual([pattern, yes])
})

test('a wildcard alone allows no IP address', () => {
  const far = [
    'http://192.168.1.20:3000/',
    'https://8.8.8.8/',
    'http://[fd00::20]/',
    'ftp://10.0.0.5/',
    'ws://10.0.0.5/',
  ]
  for (const allow of ['**', 'http://**', 'http://*.*.*.*/**', 'http://*:3000/**', 'https://*.8.8.8/**'])
    expect([allow, allowed(far, { allow: [allow] })]).toEqual([allow, []])
})

test('an entry with a custom scheme allows any host that it matches', () => {
  const yes = ['exp://192.168.22.47:8081/--/auth', 'exp://10.0.0.5', 'exp://u.expo.dev/x', 'exp://1234/x']
  expect(allowed(yes, { allow: ['exp://**'] })).toEqual(yes)
  expect(allowed(yes, { allow: ['exp://192.168.22.47:8081/--/auth'] })).toEqual(yes.slice(0, 1))
  const schemes = [
    'capacitor://localhost',
    'com.app:/cb',
    'com.my_app.example://callback',
    'myapp://',
    'tauri://localhost/x',
  ]
  expect(allowed(schemes, { allow: schemes })).toEqual(schemes)
  expect(allowed(['com.my_app.example://other', 'http_s://x', 'https_://evil.net'], { allow: schemes })).toEqual([])
})

test('common entries for previews and development servers work', () => {
  const pairs: [entry: string, target: string][] = [
    ['http://localhost:*', 'http://localhost:5173'],
    ['http://127.0.0.1:**', 'http://127.0.0.1:5173/cb'],
    ['https://*-team.vercel.app/**', 'https://app-git-main-team.vercel.app/cb?x=1'],
    ['myapp://**', 'myapp://auth/cb?x=1'],
  ]
  for (const [entry, target] of pairs) expect([entry, allowed([target], { allow: [entry] })]).toEqual([entry, [target]])
  expect(
    allowed(['https://evil.net/x-team.vercel.app/', 'https://a.b-team.vercel.app/'], { allow: [pairs[2]?.[0] ?? ''] }),
  ).toEqual([])
})

test('spaces count as %20', () => {
  const { choose } = world({ allow: ['https://foo.com/my%20app/*'] })
  expect(choose(`${SITE}/a b?c=d e`)).toBe(`${SITE}/a%20b?c=d%20e`)
  expect(choose('https://foo.com/my app/x')).toBe('https://foo.com/my%20app/x')
  expect(world().chooseWith([], `${SITE}/a b`)).toBe(`${SITE}/a%20b`)
  expect(world({ allow: ['https://foo.com/my app/*'] }).choose('https://foo.com/my app/x')).toBe(
    'https://foo.com/my%20app/x',
  )
})

// Attacks

test('dot segments cannot escape the path of an entry', () => {
  const allow = ['https://foo.com/app/**', 'https://bar.com/**']
  const hostile = ['../x', '%2e%2e/x', 'a/../../x', '.%2E/x', '..', 'a/%2E./../..?y'].map(
    (path) => `https://foo.com/app/${path}`,
  )
  expect(allowed(hostile, { allow })).toEqual([])
  const honest = [
    'https://foo.com/app/a/../b',
    'https://foo.com/app/x..y',
    'https://bar.com/a/../b',
    'https://foo.com/app/?..',
  ]
  expect(allowed(honest, { allow })).toEqual(honest)
})

test('a scheme that runs code or reads data is refused, whatever the list says', () => {
  const { allows } = world({ allow: ['**'] })
  const hostile = [
    ...[
      'javascript:alert(1)',
      'JavaScript:alert(1)',
      'javascript://app.example.com/%0aalert(1)',
      ' javascript:alert(1)',
    ],
    ...[
      'java\tscript:alert(1)',
      'java\nscript:alert(1)',
      '\u0001javascript:alert(1)',
      'data:text/html,<script>',
      'DATA:,x',
    ],
    ...[
      'vbscript:x',
      'file:///etc/passwd',
      'blob:https://app.example.com/x',
      'about:blank',
      'view-source:https://x.example',
      'filesystem:https://app.example.com/x',
      'jar:https://app.example.com/x',
    ],
  ]
  expect(hostile.filter(allows)).toEqual([])
})

test('URLs that only resemble the site or an entry are refused', () => {
  const allow = [
    'https://*.example.com/**',
    'https://*.example.com',
    'https://foo.com/**',
    'http://localhost:*',
    'http://localhost:*/**',
  ]
  const hostile = [
    // the host comes after the last @
    ...[`${SITE}@evil.net/`, 'https://app.example.com:x@evil.net/', 'https://app.example.com%40evil.net/'],
    ...['https://user:app.example.com@evil.net', 'https://app.example.com/@evil.net/../..'.replace('/@', '@')],
    // characters that browsers treat as a slash, or drop
    ...[
      'https://evil.net\\@app.example.com/',
      'https://app.example.com\\@evil.net/',
      'https:\\\\evil.net\\',
      '\\\\evil.net',
    ],
    ...[
      'https://app.example.com\t.evil.net/',
      'https://app.example.com\r\n.evil.net',
      'https://evil.net\u0000.example.com',
    ],
    ...['https://app.example.com\u007f/', 'https://app.example .com/', ' https://app.example.com/', `${SITE}/\u0000`],
    // no scheme, half a scheme
    ...[
      '//evil.net',
      '///evil.net',
      '/evil.net',
      'evil.net',
      '',
      'https:',
      'https://',
      '://evil.net',
      'https:evil.net',
    ],
    ...['https:/evil.net', 'https:///evil.net', 'https:////evil.net'],
    // suffixes and prefixes
    ...[
      'https://app.example.com.evil.net',
      'https://app.example.com.evil.net/',
      'https://evilexample.com/',
      'https://foo.com.evil.net/',
    ],
    ...[
      'https://fooXcom/',
      'https://evil.net/.example.com',
      'https://evil.net?.example.com',
      'https://evil.net#.example.com',
    ],
    ...['https://app.example.com.', 'https://app.example.com./', 'https://app.example.com..evil.net/'],
    // ports
    ...[
      'https://foo.com:8443/',
      'https://foo.com:443@evil.net/',
      'https://app.example.com:99999/',
      'https://app.example.com:x/',
    ],
    ...['http://localhost:3000@evil.net/', 'http://localhost:x@evil.net', 'http://localhost:3000.evil.net/'],
    // homographs
    ...[
      'https://аpp.example.com/',
      'https://app。example.com/',
      'https://app.example。com/',
      'https://ａpp.example.com/',
    ],
    ...['https://app.example.com／.evil.net/', 'https://evil.net／.example.com', 'https://evil.net\u2028.example.com'],
  ]
  expect(allowed(hostile, { allow })).toEqual([])
})

test('a host that a browser reads as an IP address is refused, however it is written', () => {
  const written = [
    '0x08080808',
    '0x8.0x8.0x8.0x8',
    '010.010.010.010',
    '8.8.2056',
    '0x7f.1',
    '0X08080808',
    '127.1',
    '0x7f000001',
  ]
  const allow = ['**', 'https://*', 'https://*/**', 'https://*.*.*.*/']
  expect(
    allowed(
      written.map((host) => `https://${host}/`),
      { allow },
    ),
  ).toEqual([])
})

test('no part of a pattern matches across the end of the host', () => {
  const allow = [
    'https://*.example.com',
    'https://*.example.com/**',
    'http://localhost:*',
    'https://app-?.example.com/**',
  ]
  const hostile = [
    ...[
      'https://0x08080808?.example.com',
      'https://0x08080808?.example.com/x',
      'https://evil?.example.com/x',
      'https://evil?.example.com',
    ],
    ...[
      'https://u:p@evil?.example.com/',
      'http://localhost:x@evil',
      'http://localhost:x@0x08080808',
      'https://evil#.example.com',
    ],
    ...['https://evil:443?.example.com/x', 'http://localhost:@evil'],
  ]
  expect(allowed(hostile, { allow })).toEqual([])
  const honest = [
    'https://a.example.com',
    'https://a.example.com/x?y=z',
    'http://localhost:5173',
    'https://app-1.example.com/x',
  ]
  expect(allowed(honest, { allow })).toEqual(honest)
})

test('a query directly after the host is matched, too', () => {
  const candidates = ['https://foo.com?x=1', 'https://foo.com/?x=1']
  expect(allowed(candidates, { allow: ['https://foo.com**'] })).toEqual(candidates)
  expect(allowed(candidates, { allow: ['https://foo.com/**'] })).toEqual(['https://foo.com/?x=1'])
})

// Reports to the operator

test('a refused address is reported with the line that would allow it', () => {
  const cases: Record<string, string | undefined> = {
    'https://preview.example.net/a/b?c=d': 'https://preview.example.net/**',
    'https://preview.example.net/': 'https://preview.example.net/**',
    'https://preview.example.net:8443/x': 'https://preview.example.net:8443/**',
    'https://preview.example.net': 'https://preview.example.net',
    'myapp://callback': 'myapp://callback',
    'myapp://callback/x': 'myapp://callback/**',
    'com.example.app:/cb': 'com.example.app:/cb',
    'http://192.168.1.20:3000/cb': 'http://192.168.1.20:3000/**',
    'http://[fd00::20]:3000/cb': 'http://[fd00::20]:3000/**',
    'exp://192.168.22.47:8081/--/auth': 'exp://192.168.22.47:8081/**',
    'com.my_app.example://callback': 'com.my_app.example://callback',
  }
  for (const [candidate, line] of Object.entries(cases)) {
    const { choose, reports } = world()
    expect(choose(candidate)).toBe(SITE)
    expect([candidate, reports[0]?.add_to_AUTH_URI_ALLOW_LIST]).toEqual([candidate, line])
    // and the suggested entry works
    expect([candidate, world({ allow: [line ?? ''] }).allows(candidate)]).toEqual([candidate, true])
  }
})

test('a refused address is reported with the reason', () => {
  const cases: Record<string, string> = {
    'https://preview.example.net/': 'no entry of AUTH_URI_ALLOW_LIST matches it',
    'http://192.168.1.20:3000/': 'it leads to an IP address, which only an entry with that address allows',
    'https://2130706433/': 'its host is a number, which browsers parse as an IP address',
    'https://0x7f.1/': 'browsers parse its host as an IP address',
    'https://a_b.example/': 'its host contains characters that are not allowed',
    'https://ada@app2.example.com/': 'it contains a user name',
    'JavaScript:alert(1)': 'the scheme javascript: is never allowed',
    '/welcome': 'it is not an absolute URL',
    'https://evil.net\\@x': 'it contains a backslash or a control character',
    [`https://preview.example.net/${'x'.repeat(3000)}`]: 'it is longer than 2048 characters',
  }
  for (const [candidate, reason] of Object.entries(cases)) {
    const { choose, reports } = world({ allow: ['https://*.net', 'http://**'] })
    choose(candidate)
    expect([candidate, reports[0]?.reason]).toEqual([candidate, reason])
  }
})

test('a URL that no entry could allow is reported without a suggestion', () => {
  const hopeless = [
    ...['javascript:alert(1)', 'https://2130706433/', 'https://*/x', 'https://*.com/x', '//evil.net'],
    ...['https://evil.net\\@x', 'https://{a,b}.net/', 'https://user:secret@preview.example.net/', 'nonsense'],
  ]
  for (const candidate of hopeless) {
    const { choose, reports } = world()
    expect(choose(candidate)).toBe(SITE)
    expect(reports).toHaveLength(1)
    expect([candidate, Object.keys(reports[0] ?? {})]).toEqual([candidate, ['redirect_to', 'reason']])
  }
})

test('a report is short and contains no query, fragment or password', () => {
  const { choose, reports } = world()
  choose('https://preview.example.net/cb?token=s3cret#s3cret')
  choose('https://ada:s3cret@preview.example.net/cb')
  choose('myapp://cb?s3cret')
  choose(`https://preview.example.net/${'x'.repeat(5000)}`)
  expect(JSON.stringify(reports)).not.toContain('s3cret')
  expect(JSON.stringify(reports).length).toBeLessThan(2000)
})

test('allowed URLs are not reported, nor is the referring page', () => {
  const { choose, chooseWith, reports } = world()
  choose(`${SITE}/x`)
  choose(undefined, '')
  chooseWith([], 'https://evil.net/')
  expect(reports).toEqual([])
})
