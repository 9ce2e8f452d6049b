import { NIL_UUID } from '../../lib/uuid'
import type { Context } from '../kernel/context'

/** Of one query: a slice this large takes about a millisecond. */
const SLICE = 10_000

/** How many sessions are stored, also expired ones. @param sliceSize smaller in tests */
export async function countSessions({ store }: Pick<Context, 'store'>, sliceSize = SLICE): Promise<number> {
  let total = 0
  for (let after: string | undefined = NIL_UUID; after !== undefined; ) {
    const { count, next }: { count: number; next?: string } = await store.countSessionSlice({ after, limit: sliceSize })
    total += count
    after = next
  }
  return total
}
