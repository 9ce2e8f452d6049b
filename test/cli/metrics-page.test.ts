/** What /metrics says, and that docs/monitoring.md, the dashboard and the alerts name what is there. */
import { afterAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { type MetricsPage, metricsPage } from '../../src/cli/metrics-page'
import { createMetrics, type Metrics } from '../../src/http/metrics'
import { type Family, printFamilies } from '../../src/lib/prometheus'
import { type Json, refresh, startApp, type TestApp, type TestOptions } from '../support/app'
import { currentEngine } from '../support/engines'
import { EVENTS, eventReceiver } from '../support/event-receiver'

const pages: MetricsPage[] = []
afterAll(() => {
  for (const { stop } of pages) stop()
})

async function withMetrics(settings: Record<string, string> = {}, options: TestOptions = {}) {
  const app = await startApp({ settings: { AUTH_METRICS_PORT: '0', ...settings }, ...options })
  const page = metricsPage(app, app.metrics as Metrics)
  pages.push(page)
  const text = async () => (await page.print()).text()
  /** Its value, by name and labels as they are printed; undefined if it is not there. */
  const value = async (sample: string) => {
    const line = (await text()).split('\n').find((each) => each.startsWith(`${sample} `))
    return line === undefined ? undefined : Number(line.slice(sample.length + 1))
  }
  return { app, page, text, value, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const token = (app: TestApp, email: string, password: string, ip?: string) =>
  app.ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password }, ...(ip !== undefined && { ip }) })

test('sign-ups, sign-ins, refreshes and refusals are counted by what matters about them', async () => {
  await using site = await withMetrics({ AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' })
  const { app, value } = site
  const ada = await app.signUp('ada@example.com')
  await token(app, ada.email, 'wrong-password-1')
  await token(app, 'nobody@example.com', 'wrong-password-1')
  await app.ask('POST', '/auth/v1/signup', { body: {} })
  await refresh(app, ada.refreshToken)
  await refresh(app, 'not-a-refresh-token')
  expect(await value('latchkey_sign_ups_total{method="email"}')).toBe(1)
  expect(await value('latchkey_sign_ups_total{method="anonymous"}')).toBe(1)
  expect(await value('latchkey_sign_ins_total{method="password",outcome="success"}')).toBe(1)
  expect(await value('latchkey_sign_ins_total{method="password",outcome="refused"}')).toBe(2)
  expect(await value('latchkey_sign_ins_total{method="anonymous",outcome="success"}')).toBe(1)
  expect(await value('latchkey_refreshes_total{outcome="success"}')).toBe(1)
  expect(await value('latchkey_refreshes_total{outcome="refused"}')).toBe(1)
  expect(await value('latchkey_refusals_total{reason="credentials_wrong"}')).toBe(2)
  expect(await value('latchkey_refusals_total{reason="refresh_token_malformed"}')).toBe(1)
  expect(await value('latchkey_database_up')).toBe(1)
})

test('counts that alerts compare are 0 at the start, so that the first one is an increase', async () => {
  await using site = await withMetrics()
  for (const sample of [
    'latchkey_refreshes_total{outcome="success"}',
    'latchkey_refreshes_total{outcome="refused"}',
    'latchkey_refusals_total{reason="fault"}',
    'latchkey_messages_total{channel="mail",outcome="failed"}',
    'latchkey_messages_total{channel="sms",outcome="sent"}',
    'latchkey_limit_refusals_total{limit="AUTH_RATE_LIMIT_EMAIL_SENT"}',
    'latchkey_limit_refusals_total{limit="AUTH_RATE_LIMIT_SMS_SENT"}',
  ])
    expect([sample, await site.value(sample)]).toEqual([sample, 0])
})

test('password hashes are counted with their time', async () => {
  await using site = await withMetrics()
  const { app, value } = site
  const { hash } = app.hasher
  expect(await value('latchkey_password_hash_seconds_count')).toBe(0)
  app.hasher.hash = (password) => {
    app.clock.advance(700)
    return hash(password)
  }
  await app.signUp('ada@example.com')
  expect(await value('latchkey_password_hash_seconds_count')).toBe(1)
  expect(await value('latchkey_password_hash_seconds_bucket{le="0.5"}')).toBe(0)
  expect(await value('latchkey_password_hash_seconds_bucket{le="1"}')).toBe(1)
  expect(await value('latchkey_password_hash_wait_seconds_bucket{le="0.001"}')).toBe(1)
  expect(await value('latchkey_password_hashes_running')).toBe(0)
})

test('running and waiting password hashes are shown', async () => {
  await using site = await withMetrics()
  const { app, value } = site
  const { hash } = app.hasher
  const gate = Promise.withResolvers<void>()
  let begun = 0
  app.hasher.hash = async (password) => {
    begun += 1
    await gate.promise
    return hash(password)
  }
  const slots = Math.max(1, navigator.hardwareConcurrency - 1)
  const all = Array.from({ length: slots + 2 }, (_, index) => app.signUp(`user${index}@example.com`))
  while (begun < slots || (await value('latchkey_password_hashes_waiting')) !== 2) await Bun.sleep(1)
  expect(await value('latchkey_password_hashes_running')).toBe(slots)
  gate.resolve()
  await Promise.all(all)
  expect(await value('latchkey_password_hashes_waiting')).toBe(0)
  expect(await value('latchkey_password_hash_seconds_count')).toBe(slots + 2)
})

test('refusals because of a limit are counted by its setting', async () => {
  await using site = await withMetrics({ AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_TOKEN_REFRESH: '1' })
  const statuses: number[] = []
  for (let index = 0; index < 40; index++) statuses.push((await refresh(site.app, 'not-a-refresh-token')).status)
  const limited = statuses.filter((status) => status === 429).length
  expect(limited).toBeGreaterThan(0)
  expect(await site.value('latchkey_limit_refusals_total{limit="AUTH_RATE_LIMIT_TOKEN_REFRESH"}')).toBe(limited)
})

test('attempts to deliver events are counted by their outcome', async () => {
  const receiver = eventReceiver()
  await using site = await withMetrics(EVENTS, { post: receiver.post })
  const { app, value } = site
  const attempts = (outcome: string) => value(`latchkey_event_seconds_count{outcome="${outcome}"}`)
  const reached = async (outcome: string, count: number) => {
    for (;;) {
      await app.core.forTask().deliverEvents()
      if ((await attempts(outcome)) === count) return
      await Bun.sleep(1)
    }
  }
  receiver.answer = () => 500
  await app.signUp('ada@example.com')
  // The later events of an account wait for its first one.
  await reached('retried', 1)
  receiver.answer = () => 204
  app.clock.advance(3_600_000)
  await reached('delivered', 3)
  receiver.answer = () => 500
  await app.signUp('bob@example.com')
  await reached('retried', 2)
  app.clock.advance(30 * 86_400_000)
  await reached('given_up', 3)
  expect([await attempts('delivered'), await attempts('retried')]).toEqual([3, 2])
})

test('what clients send is in no label', async () => {
  await using site = await withMetrics()
  const { app, text } = site
  await app.ask('GET', '/auth/v1/unknown-4711')
  await app.ask('GET', '/auth/v1/authorize?provider=provider-4711')
  await app.ask('POST', '/auth/v1/token?grant_type=grant-4711', { body: {} })
  await token(app, 'someone-4711@example.com', 'password-4711')
  await app.ask('POST', '/auth/v1/verify', { body: { type: 'type-4711', token: '4711', email: 'a@example.com' } })
  await app.ask('DELETE', '/auth/v1/admin/users/4711', { token: app.admin })
  const page = await text()
  expect(page).not.toContain('4711')
  expect(page).not.toContain('example.com')
  expect(page).toContain('route="/auth/v1/admin/users/:id"')
})

test('sessions are counted, in slices', async () => {
  await using app = await startApp({})
  for (let index = 0; index < 5; index++) await app.signUp(`user${index}@example.com`)
  for (const size of [1, 2, 4, 5, 6, 10_000])
    expect([size, await app.core.forTask().countSessions(size)]).toEqual([size, 5])
  await using site = await withMetrics()
  await counted(site.page)
  expect(await site.value('latchkey_sessions')).toBe(0)
})

test('while the database fails, the page says so and has the rest', async () => {
  await using site = await withMetrics()
  await site.app.store.close()
  expect(await site.value('latchkey_database_up')).toBe(0)
  expect(await site.value('latchkey_mail_queue_length')).toBeUndefined()
  expect(await site.value('process_resident_memory_bytes')).toBeGreaterThan(0)
})

test('a database that does not answer holds the page up for a moment only', async () => {
  await using app = await startApp({ settings: { AUTH_METRICS_PORT: '0' } })
  const never = { value: () => new Promise(() => {}) }
  const { forTask } = app.core
  app.core.forTask = () => Object.create(forTask(), { mailQueue: never, databaseSize: never })
  const page = metricsPage(app, app.metrics as Metrics, 20)
  pages.push(page)
  const names = (await page.families()).map(({ name }) => name)
  expect(names).toContain('process_resident_memory_bytes')
  expect(names).not.toContain('latchkey_database_size_bytes')
  const [up] = await page.families()
  expect(up).toMatchObject({ name: 'latchkey_database_up', samples: [{ value: 0 }] })
})

test('a blocked event loop is noticed', async () => {
  await using site = await withMetrics()
  const late = async () =>
    ((await site.value('latchkey_event_loop_delay_seconds_count')) as number) -
    ((await site.value('latchkey_event_loop_delay_seconds_bucket{le="0.25"}')) as number)
  while ((await site.value('latchkey_event_loop_delay_seconds_count')) === 0) await Bun.sleep(5)
  const before = await late()
  Bun.sleepSync(500)
  while ((await late()) === before) await Bun.sleep(5)
  expect(await late()).toBeGreaterThan(before)
})

/** Waits until the first count of sessions has ended. */
async function counted(page: MetricsPage): Promise<Family[]> {
  for (;;) {
    const families = await page.families()
    if (families.some(({ name }) => name === 'latchkey_sessions')) return families
    await Bun.sleep(1)
  }
}

const DOCS = join(import.meta.dir, '../../docs')
const read = (name: string) => readFileSync(join(DOCS, name), 'utf8')

interface Row {
  name: string
  type: Family['type']
  labels: string[]
  help: string
  where: string
}

const rows: Row[] = read('monitoring.md')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, , type]) => /^(counter|gauge|histogram)$/.test(type ?? ''))
  .map(([, name = '', type = '', labels = '', help = '', where = '']) => ({
    name: name.replaceAll('`', ''),
    type: type as Family['type'],
    labels: labels.replaceAll('`', '').split(', ').filter(Boolean),
    help,
    where,
  }))

describe('docs/monitoring.md', () => {
  test('lists every metric, as the page describes it', async () => {
    await using site = await withMetrics(EVENTS)
    const { forTask } = site.app.core
    const withBackup = { backupStatus: { value: () => ({ lastGoodAt: 1, lastError: undefined }) } }
    site.app.core.forTask = () => Object.create(forTask(), withBackup)
    const families = await counted(site.page)
    const other = currentEngine() === 'sqlite' ? 'Postgres' : 'SQLite'
    const expected = rows.filter(({ where }) => where !== other).map(({ where: _, ...row }) => row)
    const found = families.map(({ name, type, labels, help }) => ({ name, type, labels: [...labels], help }))
    expect(found).toEqual(expected)
  })

  test('explains every alert', () => {
    const explained = [...read('monitoring.md').matchAll(/^\| `(Latchkey\w+)` \|/gm)].map(([, name]) => name)
    expect(explained).toEqual(alerts.map(({ alert }) => alert))
  })
})

const alerts: { alert: string; expr: string; annotations: { summary: string }; labels: { severity: string } }[] = (
  Bun.YAML.parse(read('monitoring/alerts.yml')) as Json
).groups.flatMap(({ rules }: Json) => rules)

const dashboard: Json = JSON.parse(read('monitoring/grafana-dashboard.json'))

/** Prometheus' own series of a target. */
const UP = { name: 'up', type: 'gauge' as const, labels: [] }
const TARGET_LABELS = ['job', 'instance']

const seriesOf = ({ name, type, labels }: Pick<Row, 'name' | 'type' | 'labels'>): [string, string[]][] =>
  type === 'histogram'
    ? [
        [`${name}_bucket`, [...labels, 'le']],
        [`${name}_sum`, labels],
        [`${name}_count`, labels],
      ]
    : [[name, labels]]

const series = new Map([...rows, UP].flatMap(seriesOf))

/** Names of series and labels of a query. @throws if it is not valid */
function namesIn(query: string) {
  const text = query.replaceAll('$__rate_interval', '5m')
  const names: string[] = []
  const labels: string[] = []
  parser.parse(text).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) throw new Error(`not valid at ${from}: ${text}`)
      if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') names.push(text.slice(from, to))
      if (type.name === 'LabelName') labels.push(text.slice(from, to))
    },
  })
  return { names, labels }
}

function check(query: string) {
  const { names, labels } = namesIn(query)
  expect([query, names.length]).not.toEqual([query, 0])
  for (const name of names) expect([query, name, series.has(name)]).toEqual([query, name, true])
  const known = [...TARGET_LABELS, ...names.flatMap((name) => series.get(name) ?? [])]
  for (const label of labels) expect([query, label, known.includes(label)]).toEqual([query, label, true])
}

test('a query with a mistake is noticed', () => {
  expect(() => check('sum(rate(latchkey_sign_ins_total[5m])')).toThrow('not valid')
  expect(() => check('rate(latchkey_sign_ins[5m])')).toThrow()
  expect(() => check('sum by (methods) (rate(latchkey_sign_ins_total[5m]))')).toThrow()
  expect(() => check('latchkey_refreshes_total{method="password"}')).toThrow()
  check('sum by (method, instance) (rate(latchkey_sign_ins_total{outcome="refused"}[5m]))')
})

describe('the alerts', () => {
  test.each(alerts.map((alert) => [alert.alert, alert] as const))('%s asks for metrics that exist', (_, alert) => {
    check(alert.expr)
    expect(alert.annotations.summary).not.toBe('')
    expect(['critical', 'warning']).toContain(alert.labels.severity)
  })

  test('have names of their own', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
  })
})

describe('the dashboard', () => {
  const panels: Json[] = dashboard.panels.filter(({ type }: Json) => type !== 'row')

  test.each(panels.flatMap((panel) => panel.targets.map((target: Json) => [panel.title, target.expr] as const)))(
    '%s: %s asks for metrics that exist',
    (_, query) => {
      check(query)
      expect(query).toContain('instance=~"$instance"')
    },
  )

  test('marks starts by a metric that exists', () => {
    for (const { expr } of dashboard.annotations.list) check(expr)
  })

  test('asks the chosen data source', () => {
    const sources = [...panels, ...panels.flatMap(({ targets }) => targets)].map(({ datasource }) => datasource.uid)
    expect(new Set(sources)).toEqual(new Set([`$\{datasource}`]))
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' })
  })

  test('shows every metric of this server', () => {
    const asked = JSON.stringify(dashboard)
    const hidden = rows.map(({ name }) => name).filter((name) => !asked.includes(name))
    expect(hidden).toEqual([])
  })

  test('has panels with ids of their own that do not overlap', () => {
    const ids = dashboard.panels.map(({ id }: Json) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }: Json) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }: Json) => x + w))).toBe(24)
  })
})

test('the text format: counters and histograms without labels start at 0, and values of labels are escaped', () => {
  const families = createMetrics().families()
  expect(printFamilies(families)).toContain('latchkey_password_hash_seconds_bucket{le="+Inf"} 0\n')
  const family: Family = {
    name: 'a',
    type: 'counter',
    help: 'An example.',
    labels: ['b', 'c'],
    samples: [{ labels: ['x"y\\z', 'one\ntwo'], value: 3 }],
  }
  expect(printFamilies([family])).toBe('# HELP a An example.\n# TYPE a counter\na{b="x\\"y\\\\z",c="one\\ntwo"} 3\n')
})
