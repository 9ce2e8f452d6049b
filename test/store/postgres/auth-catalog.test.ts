/**
 * `migrations/postgres/auth.sql` makes what supabase/auth 2.196 makes: `auth-catalog.txt` lists what its own migrations
 * leave in the catalog.
 */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { authSchema } from '../../../migrations/postgres'
import { emptyDatabase } from '../../support/empty-postgres'
import { hasPostgres } from '../../support/postgres'

const TYPES: Record<string, string> = {
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
  boolean: 'bool',
}

interface Fact {
  table: string
  fact: string
}

test.skipIf(!hasPostgres)('the schema auth equals that of supabase/auth', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await sql.unsafe('CREATE SCHEMA auth')
  await sql.unsafe(authSchema)
  await sql.unsafe('SET search_path = auth')
  const enums = await sql.unsafe<{ line: string }[]>(
    `SELECT 'enum ' || typname || ': ' || string_agg(enumlabel, ' ' ORDER BY enumsortorder) AS line
    FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid GROUP BY typname`,
  )
  const columns = await sql.unsafe<
    { table: string; name: string; type: string; needed: boolean; given: string | null; generated: boolean }[]
  >(
    `SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS needed,
      pg_get_expr(adbin, adrelid) AS given, a.attgenerated <> '' AS generated
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND adnum = attnum
    WHERE c.relnamespace = 'auth'::regnamespace AND c.relkind = 'r' AND attnum > 0 ORDER BY attnum`,
  )
  const rest = await sql.unsafe<Fact[]>(
    `SELECT conrelid::regclass::text AS table, CASE contype
        WHEN 'p' THEN 'primary key (' || (SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)) || ')'
        ELSE pg_get_constraintdef(oid) END AS fact
      FROM pg_constraint WHERE connamespace = 'auth'::regnamespace AND contype IN ('p', 'f', 'c')
    UNION ALL SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid)
      FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'auth'::regnamespace AND NOT indisprimary
    UNION ALL SELECT relname, 'row security' FROM pg_class WHERE relnamespace = 'auth'::regnamespace AND relrowsecurity AND NOT relforcerowsecurity`,
  )
  const tables = [...new Set(columns.map(({ table }) => table))].sort()
  const lines = [
    ...enums.map(({ line }) => line).sort(),
    ...tables.flatMap((table) => [
      ...columns
        .filter((each) => each.table === table)
        .map(({ name, type, needed, given, generated }) => {
          const short = TYPES[type] ?? type.replace('character varying', 'varchar')
          const value = given === null ? [] : ['=', generated ? `GENERATED ${without(given)}` : without(given)]
          return [`${table}.${name}`, short, ...(needed ? ['not null'] : []), ...value].join(' ')
        }),
      ...rest
        .filter((each) => each.table === table)
        .map(({ fact }) => `${table}: ${shortened(fact)}`)
        .sort(),
    ]),
  ]
  expect(lines).toEqual(
    readFileSync(join(import.meta.dir, 'auth-catalog.txt'), 'utf8')
      .trim()
      .split('\n'),
  )
})

/** Casts say how Postgres stores an expression, not what it means. */
const without = (expression: string) => expression.replace(/::[a-z_]+( varying)?(\[\])?/g, '')

function shortened(fact: string): string {
  const [, unique, index, method, on] = /^CREATE (UNIQUE )?INDEX (\w+) ON \S+ USING (\w+) (.*)$/.exec(fact) ?? []
  if (index !== undefined)
    return `index ${index} ${unique ? 'unique ' : ''}${method === 'btree' ? '' : `${method} `}${without(on ?? '')}`
  if (fact.startsWith('CHECK'))
    return `check ${without(fact.slice(5))
      .replace(/[()\s]+/g, ' ')
      .trim()}`
  return fact
    .replace('FOREIGN KEY', 'foreign key')
    .replace('REFERENCES', 'references')
    .replace('ON DELETE CASCADE', 'cascade')
}
