/** What changes in rows that move between SQLite and Postgres: secrets, and the refresh tokens of GoTrue's older format. */
import type { Sealer } from '../core/kernel/ports'
import { importedTokenHash } from '../core/sessions/refresh'
import { type MovedTable, movedTables, type Row } from '../store/move'

interface SealedColumn {
  column: string
  /** The column that identifies the row for the sealer. */
  id: string
  /** Whether it is in GoTrue's form on Postgres. */
  isShared?: boolean
}

const SEALED: Record<string, SealedColumn> = {
  sessions: { column: 'refresh_token_hmac_key', id: 'id', isShared: true },
  mfa_factors: { column: 'secret', id: 'id', isShared: true },
  custom_oauth_providers: { column: 'client_secret', id: 'id', isShared: true },
  flow_state: { column: 'provider_tokens', id: 'id' },
  oauth_states: { column: 'upstream_verifier', id: 'state_hash' },
  messages: { column: 'content', id: 'id' },
  signing_keys: { column: 'private_jwk', id: 'kid' },
  external_sessions: { column: 'upstream_token', id: 'id' },
  matrix_registrations: { column: 'password', id: 'user_id' },
}

export interface Conversion {
  /** Opens the secrets of the source. */
  from: Sealer
  /** Seals them for the target. */
  to: Sealer
  /** Whether the source is a database that GoTrue may have written. */
  isFromShared: boolean
  /** Of the hashes of refresh tokens. */
  pepper: Uint8Array
}

/** The tables with secrets, and how those of a row are opened. @param sealer for SQLite */
export const sealedValuesOf = (sealer: Sealer) =>
  movedTables.flatMap((table) => {
    const sealed = SEALED[table.name]
    if (!sealed) return []
    const { column, id } = sealed
    /** @throws if it was sealed with another key, or was changed */
    const valuesOf = (row: Row): Uint8Array[] =>
      row[column] ? [sealer.open(String(row[column]), `${table.name}.${column}:${row[id]}`)] : []
    return [{ table, valuesOf }]
  })

/** @throws if a secret of a row was sealed with another key, or was changed */
export function rowConverter({ from, to, isFromShared, pepper }: Conversion): (table: MovedTable, row: Row) => Row {
  const reseal = ({ name }: MovedTable, { column, id, isShared = false }: SealedColumn, row: Row): Row => {
    const sealed = row[column]
    if (!sealed || (!isShared && from.keyId === to.keyId)) return row
    const place = `${name}.${column}:${row[id]}`
    return { ...row, [column]: to.seal(from.open(String(sealed), place), place) }
  }
  return (table, row) => {
    const sealed = SEALED[table.name]
    if (sealed) return reseal(table, sealed, row)
    if (!isFromShared) return row
    if (table.name === 'users') return withOpenHash(from, row)
    return table.name === 'refresh_tokens' ? withHashes(pepper, row) : row
  }
}

/** GoTrue may encrypt password hashes. */
function withOpenHash(from: Sealer, row: Row): Row {
  const { id, encrypted_password: hash } = row
  if (typeof hash !== 'string' || !hash.startsWith('{')) return row
  return { ...row, encrypted_password: from.open(hash, `users.encrypted_password:${id}`).toString() }
}

/**
 * On Postgres, tokens of GoTrue are plaintext, and those that came from SQLite are hashes: no client can present these, since
 * tokens have 12 characters.
 */
function withHashes(pepper: Uint8Array, row: Row): Row {
  const hashOf = (token: unknown) => (isHash(token) ? token : importedTokenHash(pepper, String(token)))
  const parent = row.parent_hash
  return {
    ...row,
    token_hash: hashOf(row.token_hash),
    parent_hash: parent === null || parent === undefined || parent === '' ? null : hashOf(parent),
  }
}

const isHash = (token: unknown): token is string => typeof token === 'string' && /^[0-9a-f]{64}$/.test(token)
