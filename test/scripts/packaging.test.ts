/** The files in `packaging/`: they agree with each other, and with the programs that read them where these are installed. */
import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allSettings } from '../../src/config'
import { parseDotenv } from '../../src/lib/dotenv'

const folder = join(import.meta.dir, '../../packaging')
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8')
const isKnown = (name: string) => allSettings.some(({ names }) => names.includes(name))

/** Values of each name in a file of systemd. */
function valuesIn(unit: string): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const line of unit.split('\n')) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (name !== '') values.set(name, [...(values.get(name) ?? []), value])
    else expect(line).toMatch(/^(#.*|\[\w+\])?$/)
  }
  return values
}

test('the unit runs what the package installs, as its user, with its settings, and can write its folder only', () => {
  const unit = valuesIn(textOf('latchkey.service'))
  const expected = {
    ExecStart: ['/usr/bin/latchkey serve'],
    User: ['latchkey'],
    EnvironmentFile: ['-/etc/latchkey/latchkey.env'],
    StateDirectory: ['latchkey'],
    ProtectSystem: ['strict'],
    NoNewPrivileges: ['true'],
    CapabilityBoundingSet: [''],
    SystemCallFilter: ['@system-service', '~@privileged @resources'],
  }
  for (const [name, values] of Object.entries(expected)) expect([name, unit.get(name)]).toEqual([name, values])
  expect(unit.has('MemoryDenyWriteExecute')).toBe(false)
  expect(textOf('sysusers.conf')).toStartWith('u latchkey ')
})

test.skipIf(Bun.which('systemd-analyze') === null)('systemd rates the exposure of the unit below 2 of 10', () => {
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', join(folder, 'latchkey.service')])
  const [, exposure] = /Overall exposure level for latchkey.service: ([\d.]+)/.exec(stdout.toString()) ?? []
  expect(Number(exposure)).toBeLessThan(2)
})

test('the settings file names settings that exist, and keeps the data where the unit can write', () => {
  const text = textOf('latchkey.env')
  expect(parseDotenv(text)).toEqual({ AUTH_DATA_DIR: '/var/lib/latchkey' })
  const names = [...text.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = '']) => name)
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => !isKnown(name))).toEqual([])
})

test.each(['compose.yaml', 'compose.postgres.yaml'])(
  '%s sets settings that exist, on a read-only file system',
  (name) => {
    const { services } = Bun.YAML.parse(textOf(name)) as { services: Record<string, Record<string, unknown>> }
    const servers = Object.entries(services).filter(([each]) => each.startsWith('latchkey'))
    expect(servers.length).toBe(name === 'compose.yaml' ? 1 : 2)
    for (const [, { environment, ...server }] of servers) {
      expect(server).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
      expect(Object.keys(environment as object).filter((each) => !isKnown(each))).toEqual([])
    }
  },
)

test('the container of Supabase keeps its own environment, with settings that exist', () => {
  const { services } = Bun.YAML.parse(textOf('compose.supabase.yaml')) as {
    services: Record<string, { environment: object }>
  }
  expect(Object.keys(services)).toEqual(['auth'])
  expect(services.auth).toMatchObject({
    image: 'latchkey',
    healthcheck: { test: ['CMD', '/usr/bin/latchkey', 'healthcheck'] },
  })
  const names = Object.keys(services.auth?.environment ?? {})
  expect(names).toEqual(['AUTH_ENCRYPTION_KEY', 'AUTH_TRUSTED_PROXIES'])
  expect(names.filter((name) => !isKnown(name))).toEqual([])
})

// Names with AUTH_ win over those of GoTrue, so one for the port would hide GOTRUE_API_PORT of Supabase's compose file.
test('the image runs without root, checks its health with the executable, and sets settings that exist', () => {
  const text = textOf('Dockerfile')
  expect(text).toMatch(/^USER 65532:65532$/m)
  expect(text).toMatch(/^HEALTHCHECK .* CMD \["\/usr\/bin\/latchkey", "healthcheck"\]$/m)
  const [, env = ''] = /^ENV (.*)$/m.exec(text) ?? []
  const names = env.split(' ').map((each) => each.split('=')[0] ?? '')
  expect(names).toEqual(['AUTH_HOST', 'AUTH_DATA_DIR'])
  expect(names.filter((name) => !isKnown(name))).toEqual([])
})

test('the page about production has the exposure of the unit, and the page about proxies the Caddyfile', () => {
  const page = (name: string) => readFileSync(join(folder, '../docs', name), 'utf8')
  expect(page('production.md')).toContain('rates the exposure of the unit 1.3 of 10')
  const directives = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  const [, shown = ''] = /```text\n(.*?)```/s.exec(page('reverse-proxy.md')) ?? []
  const own = textOf('Caddyfile')
    .replace('{$AUTH_DOMAIN:auth.example.com}', 'auth.example.com')
    .replace('{$AUTH_UPSTREAMS:127.0.0.1:7020}', '127.0.0.1:7020')
  expect(directives(shown)).toEqual(directives(own))
})
