/** The migrations that a database has, and whether this executable may open it. */
import { createHash } from 'node:crypto'
import type { Migration } from '../../migrations'

/** A row of `schema_migrations`. */
export interface Applied {
  name: string
  /** Of the migration's SQL, in hexadecimal digits. */
  sha256: string
}

/** Version information of a database, read without changing it. */
export interface History {
  /** Whether there is a database, or on Postgres the schemas of one. */
  exists: boolean
  migrations: string[]
  /** Version of the executable that last served it; undefined if unknown. */
  lastOpenedBy: string | undefined
  /** Id of the key that its secrets are encrypted with; undefined if there are none yet. */
  encryptionKeyId: string | undefined
}

/** What a run of migrations did. */
export interface Migrated {
  /** Names of what was applied; on Postgres also `auth` and `views`. */
  applied: string[]
  /** What the operator should know, though a server can start. */
  warnings: string[]
}

/** Of a database that does not exist. */
export const NO_HISTORY: History = {
  exists: false,
  migrations: [],
  lastOpenedBy: undefined,
  encryptionKeyId: undefined,
}

/** @throws if the database is newer than this executable, or was changed by an edited migration */
export function checkHistory(applied: readonly Applied[], migrations: readonly Migration[]): void {
  if (applied.length > migrations.length)
    throw new Error(
      `the database is newer than this executable: it has the unknown migration ${applied.at(-1)?.name}; start the newer executable`,
    )
  for (const [index, { name, sha256: hash }] of applied.entries()) {
    const known = migrations[index]
    if (known?.name !== name || sha256(known.sql) !== hash)
      throw new Error(
        `migration ${name} of the database differs from the one in this executable; it belongs to another build`,
      )
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
