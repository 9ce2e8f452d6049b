/**
 * Writes the row of an account: only the columns that changed, so that other writers of the row and triggers on its
 * columns see nothing else; and `updatedAt` also for a second change within a millisecond, because `lockUser` needs a
 * write.
 */
import { eq } from 'drizzle-orm'
import type { Tx } from '../engine'
import { columnsOf, type Statement, statement } from '../query'
import { type User, users } from '../schema'

const COLUMNS = columnsOf(users, 'uid', 'id', 'createdAt', 'factorCount')
type Column = keyof typeof COLUMNS
const NAMES = Object.keys(COLUMNS) as Column[]

type Update = Statement<Pick<User, 'id' | Column>, unknown>

/** Sets of columns with a statement of their own. Operations write about thirty; any others write all columns. */
const MAX_SETS = 100
const updates = new Map<string, Update>()

/**
 * @param before the row as it was read in this transaction
 * @param after the same with changes; `uid`, `id`, `createdAt` and `factorCount` are never written
 */
export async function saveUser(tx: Tx, before: User, after: User): Promise<void> {
  const changed = NAMES.filter((name) => name === 'updatedAt' || !isSame(before[name], after[name]))
  await tx.run(updateOf(changed), after)
}

/** JSON is the same if it is stored as the same text. */
const isSame = (a: User[Column], b: User[Column]) =>
  a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))

function updateOf(changed: readonly Column[]): Update {
  const names = updates.has(changed.join()) || updates.size < MAX_SETS ? changed : NAMES
  const known = updates.get(names.join())
  if (known) return known
  const set = Object.fromEntries(names.map((name) => [name, COLUMNS[name]]))
  const made = statement({ id: users.id, ...set }, (db, { id, ...columns }) =>
    db.update(users).set(columns).where(eq(users.id, id)),
  )
  updates.set(names.join(), made)
  return made
}
