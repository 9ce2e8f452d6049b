/**
 * Statements: written once with drizzle's query builder, without a driver. An engine runs the text of its dialect and
 * binds the parameters; parameters and rows are typed by the columns they stand for.
 */
import { Column, type GetColumnData, getTableColumns, is, Param, Placeholder, type SQL, sql } from 'drizzle-orm'
import { BaseSQLiteDatabase, SQLiteSyncDialect, type SQLiteTable } from 'drizzle-orm/sqlite-core'

/** A parameter that stands for no column. */
export interface Kind<Value> {
  mapToDriverValue(value: Value): unknown
}

const asIs = { mapToDriverValue: (value: unknown) => value }

export const text: Kind<string> = asIs
export const integer: Kind<number> = asIs

/** A statement's parameters by name: the column or the kind of each. */
export type Parameters = Record<string, ParameterType>

type ValueOf<Type> = Type extends Column ? GetColumnData<Type, 'query'> : Type extends Kind<infer Value> ? Value : never
export type Values<P extends Parameters> = { [Name in keyof P]: ValueOf<P[Name]> }
/** Accepted by the query builder wherever a value is. */
type Parameter<Value> = SQL<Value> & Placeholder<string, Value>
export type Placeholders<P extends Parameters> = { [Name in keyof P]: Parameter<ValueOf<P[Name]>> }

/** One statement as an engine runs it. The columns of a result have the names of the row's properties. */
export interface Query {
  /** SQL with a placeholder for each binding, `?` or `$1`. */
  text: string
  bindings: readonly Binding[]
  /**
   * How columns of a result are converted to properties of the row; null and all other columns are copied unchanged.
   */
  decoders: readonly Decoder[]
}

/** The SQL of an engine. */
export interface Dialect {
  db: Builder
  /** How a parameter is written where a statement uses it. */
  parameter(param: Param, type: ParameterType): SQL
  /** How its value is converted for the driver; undefined if it is bound unchanged. */
  encoder(type: ParameterType): ((value: unknown) => unknown) | undefined
  /** The SQL type of a parameter where it is an entry of a list; undefined if that depends on the statement. */
  entryType?(type: ParameterType): string | undefined
  /** How a value of a result is converted; undefined if it is copied unchanged. */
  decoder(field: Field): ((value: unknown) => unknown) | undefined
  /** What a property is where its column is null although the type says it cannot be. */
  missing?(field: Field): unknown
  /** Replaces the query of a statement that this dialect writes differently. */
  replace?(statement: Statement<never, unknown>, query: Query, parameters: Parameters): Query
  /** By the index of their statement. */
  queries: Query[]
}

export type ParameterType = Column | Kind<never>

/** The value of a parameter, or a constant. */
export type Binding =
  | {
      name: string
      encode?: (value: unknown) => unknown
      /** The SQL type of its values where they are entries of a list; undefined if unknown. */
      entryType?: string | undefined
    }
  | { value: unknown }

export interface Decoder {
  property: string
  decode(value: unknown): unknown
  /** Stands for null; undefined if null stays null. */
  missing?: unknown
}

/** A query that each connection prepares once. */
export interface Statement<Values, Row> {
  /** Index of the query among the prepared statements of a connection. */
  index: number
  /** @param dialect by default that of SQLite */
  query(dialect?: Dialect): Query
  /** These two carry types only. */
  accepts?: (values: Values) => void
  row?: Row
}

/** All statements; tests check the plan and the rows of each. */
export const statements: Statement<never, unknown>[] = []
let nextIndex = 0

export const builderOf = (dialect: SQLiteSyncDialect) =>
  new BaseSQLiteDatabase('sync', dialect, undefined as never, undefined)
export type Builder = Omit<ReturnType<typeof builderOf>, 'run' | 'all' | 'get' | 'values' | 'transaction'>

/** drizzle's queries as they are before they are prepared. */
interface Built {
  toSQL(): { sql: string; params: unknown[] }
}

type RowOf<Q> = Awaited<Q> extends (infer Row)[] ? Row : never

/**
 * @param parameters the column or kind of each
 * @example statement({ id: users.id }, (db, { id }) => db.select().from(users).where(eq(users.id, id)))
 */
export function statement<P extends Parameters, Q extends Built>(
  parameters: P,
  build: (db: Builder, placeholders: Placeholders<P>) => Q,
): Statement<Values<P>, RowOf<Q>> {
  const made: Statement<Values<P>, RowOf<Q>> = {
    index: nextIndex++,
    query(dialect = sqlite) {
      const built = dialect.queries[made.index]
      if (built) return built
      const query = queryOf(build(dialect.db, placeholdersOf(parameters, dialect)), dialect)
      dialect.queries[made.index] = dialect.replace?.(made, query, parameters) ?? query
      return dialect.queries[made.index] as Query
    },
  }
  statements.push(made)
  return made
}

/** The writable columns of a table, as parameters of a statement that inserts or updates a whole row. */
export function columnsOf<Table extends SQLiteTable, Omitted extends keyof Table['_']['columns'] = never>(
  table: Table,
  ...except: Omitted[]
): Omit<Writable<Table>, Omitted> {
  const columns = Object.entries(getTableColumns(table)).filter(
    ([name, column]) => !column.generated && !except.includes(name as Omitted),
  )
  return Object.fromEntries(columns) as Omit<Writable<Table>, Omitted>
}

type Writable<Table extends SQLiteTable> = {
  [Name in keyof Table['_']['columns'] as Name extends keyof Table['$inferInsert']
    ? Name
    : never]: Table['_']['columns'][Name]
}

function placeholdersOf<P extends Parameters>(parameters: P, dialect: Dialect): Placeholders<P> {
  const placeholders = Object.entries(parameters).map(([name, type]) => [
    name,
    dialect.parameter(new Param(new Placeholder(name), type as Kind<unknown>), type),
  ])
  return Object.fromEntries(placeholders) as Placeholders<P>
}

function queryOf(query: Built, dialect: Dialect): Query {
  const decoders = nameColumns(query, dialect)
  const { sql: text, params } = query.toSQL()
  return { text, decoders, bindings: params.map((param) => bindingOf(param, dialect)) }
}

/** Constants are values that drizzle has converted already. */
function bindingOf(param: unknown, dialect: Dialect): Binding {
  if (!is(param, Param)) return { value: param === null ? null : (dialect.encoder(asIs)?.(param) ?? param) }
  const { name } = param.value as Placeholder
  const encode = dialect.encoder(param.encoder as ParameterType)
  const entryType = dialect.entryType?.(param.encoder as ParameterType)
  return encode ? { name, encode, entryType } : { name }
}

export type Field = Column | SQL | SQL.Aliased
interface Config {
  fields?: Record<string, Field>
  returning?: { path: string[]; field: Field }[]
}

/** Gives the selected columns the names of the row's properties. @returns how their values are decoded */
function nameColumns(query: Built, dialect: Dialect): Decoder[] {
  const { config } = query as unknown as { config: Config }
  const decoders: Decoder[] = []
  const named = (property: string, field: Field) => {
    const decode = dialect.decoder(field)
    const missing = dialect.missing?.(field)
    if (decode || missing !== undefined) decoders.push({ property, decode: decode ?? ((value) => value), missing })
    return is(field, Column) && field.name === property ? field : sql`${field}`.as(property)
  }
  if (config.fields)
    config.fields = Object.fromEntries(
      Object.entries(config.fields).map(([property, field]) => [property, named(property, field)]),
    )
  for (const each of config.returning ?? []) each.field = named(each.path.join('.'), each.field)
  return decoders
}

const STORED_AS_IS = ['SQLiteText', 'SQLiteInteger']

const isStoredAsIs = (type: unknown) => type === asIs || (is(type, Column) && STORED_AS_IS.includes(type.columnType))

const sqlite: Dialect = {
  db: builderOf(new SQLiteSyncDialect()),
  parameter: (param) => sql`${param}`,
  encoder: (type) => (isStoredAsIs(type) ? undefined : (value) => type.mapToDriverValue(value as never)),
  decoder: (field) =>
    is(field, Column) && !isStoredAsIs(field) ? (value) => field.mapFromDriverValue(value) : undefined,
  queries: [],
}
