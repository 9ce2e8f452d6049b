/** The server itself in the admin API (docs/admin-api.md#server). */
import { Type } from '@sinclair/typebox'
import type { BackupStatus } from '../../core'
import { endpoint } from '../../http/endpoint'
import { goTime } from '../../lib/rfc3339'
import type { Features } from './meta'
import { errors } from './schemas'

/** What the surface is told about the process and its settings. */
export interface Administration {
  commit: string
  /** Unix milliseconds. */
  startedAt: number
  /** The settings in force, with secrets masked. */
  settings: readonly {
    area: string
    name: string
    value: string | null
    origin: string
    isDefault: boolean
    isSecret: boolean
    default: string
    unit: string | null
    description: string
  }[]
}

type Options = Features & { administration: Administration }

const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const orNull = (shape: ReturnType<typeof Type.Integer>) => Type.Union([shape, Type.Null()])

const HealthShape = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('unavailable')]),
    checks: Type.Record(Type.String(), Type.String(), { description: 'As in `/ready`.' }),
    reasons: Type.Record(Type.String(), Type.String(), {
      description: 'The problem, for each check that is not `ok`.',
    }),
    version: Type.String(),
    commit: Type.String(),
    engine: Type.Union([Type.Literal('sqlite'), Type.Literal('postgres')]),
    database: Type.Object({
      size_bytes: orNull(Type.Integer()),
      free_bytes: orNull(Type.Integer({ description: 'On the disk of the database; null on Postgres.' })),
      log_bytes: orNull(Type.Integer({ description: 'Size of the write-ahead log; null on Postgres.' })),
    }),
    connections: Type.Union([
      Type.Object({ max: Type.Integer(), reserved: Type.Integer(), waiting: Type.Integer() }),
      Type.Null(),
    ]),
    mail_queue: Type.Object({ length: Type.Integer(), oldest_seconds: Type.Integer() }),
    backup: Type.Union(
      [
        Type.Object({
          last_good_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
            description: 'When the last verified one was begun.',
          }),
          last_error: Type.Union([Type.String(), Type.Null()], {
            description: 'Why the last attempt failed; null if it did not.',
          }),
        }),
        Type.Null(),
      ],
      { description: 'Backups that the server makes by itself; null if it makes none.' },
    ),
    started_at: Type.String({ format: 'date-time' }),
    memory_bytes: Type.Integer(),
  },
  { $id: 'ServerHealth' },
)

export const serverHealth = ({ version, administration: { commit, startedAt } }: Options) =>
  endpoint({
    ...shared,
    method: 'GET',
    path: '/admin/health',
    summary: 'Health of this server and its database',
    description: 'Runs the checks of `/ready`. The status of the answer is 200 in any case.',
    responses: { 200: HealthShape, ...errors(401, 403) },
    handle: async ({ core }) => {
      const { isReady, findings, queue } = await core.checkReadiness(() => {})
      const [size, space] = isReady ? await Promise.all([core.databaseSize(), core.diskSpace()]) : []
      const entries = Object.entries(findings)
      return {
        status: isReady ? 'ok' : 'unavailable',
        checks: Object.fromEntries(entries.map(([name, { state }]) => [name, state])),
        reasons: Object.fromEntries(
          entries.flatMap(([name, { reason }]) => (reason === undefined ? [] : [[name, reason]])),
        ),
        version,
        commit,
        engine: core.isDatabaseShared() ? 'postgres' : 'sqlite',
        database: {
          size_bytes: size ?? null,
          free_bytes: space?.freeBytes ?? null,
          log_bytes: space?.logBytes ?? null,
        },
        connections: core.connections() ?? null,
        mail_queue: { length: queue.length, oldest_seconds: Math.floor(queue.oldestMs / 1000) },
        backup: backupOf(core.backupStatus()),
        started_at: goTime(startedAt),
        memory_bytes: process.memoryUsage.rss(),
      }
    },
  })

const backupOf = (status: BackupStatus | undefined) =>
  status
    ? {
        last_good_at: status.lastGoodAt === undefined ? null : goTime(status.lastGoodAt),
        last_error: status.lastError ?? null,
      }
    : null

const SettingShape = Type.Object(
  {
    area: Type.String(),
    name: Type.String(),
    value: Type.Union([Type.String(), Type.Null()], { description: '`********` for a secret; null if it is not set.' }),
    origin: Type.String({
      description: 'Where the value comes from, such as `environment AUTH_JWT_EXP` or `default`.',
    }),
    is_default: Type.Boolean(),
    is_secret: Type.Boolean(),
    default: Type.String(),
    unit: Type.Union([Type.String(), Type.Null()]),
    description: Type.String(),
  },
  { $id: 'SettingInForce' },
)

export const serverSettings = ({ administration: { settings } }: Options) =>
  endpoint({
    ...shared,
    method: 'GET',
    path: '/admin/settings',
    summary: 'The settings in force and where each comes from',
    responses: {
      200: Type.Object({ items: Type.Array(SettingShape) }, { $id: 'SettingsInForce' }),
      ...errors(401, 403),
    },
    handle: () => ({
      items: settings.map(({ isDefault, isSecret, ...each }) => ({
        ...each,
        is_default: isDefault,
        is_secret: isSecret,
      })),
    }),
  })
