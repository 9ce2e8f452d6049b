/** The sweep of accounts, whose key on SQLite is a number that Postgres has for some of them. */
import { anonymousUsersById, sweeps, unusedById, unusedByNumber } from '../../sweeps'
import type { StandIn } from './pair'

const { anonymousUsers } = sweeps

export const sweepStandIns: readonly StandIn[] = [
  [anonymousUsers.sliceEnd, anonymousUsersById.sliceEnd],
  [anonymousUsers.removeSlice, anonymousUsersById.removeSlice],
  [anonymousUsers.removeRest, anonymousUsersById.removeRest],
  [unusedByNumber, unusedById],
]
