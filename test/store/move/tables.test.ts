import { expect, test } from 'bun:test'
import { getTableName } from 'drizzle-orm'
import { META, movedTables } from '../../../src/store/move/tables'
import * as schema from '../../../src/store/schema'

test('every table moves, after those that it refers to', () => {
  const moved = movedTables.map(({ name }) => name)
  const all = Object.values(schema).map((table) => getTableName(table))
  // A new chain of seals begins, since the text of entries may differ.
  expect([...moved, META, getTableName(schema.auditSeals)].sort()).toEqual(all.sort())
  for (const [table, referred] of [
    ['identities', 'users'],
    ['sessions', 'users'],
    ['mfa_amr_claims', 'sessions'],
    ['session_tokens', 'sessions'],
    ['user_roles', 'roles'],
    ['webauthn_credentials', 'mfa_factors'],
    ['mfa_recovery_codes', 'mfa_factors'],
  ] as const)
    expect([table, moved.indexOf(table) > moved.indexOf(referred)]).toEqual([table, true])
})
