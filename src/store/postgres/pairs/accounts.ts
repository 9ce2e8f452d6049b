/** Accounts found by address, and the list of the admin API. */
import { userByEmail } from '../../accounts/account-rows'
import { COUNT_SLICE, SEARCH_SLICE, userLists } from '../../admin-lists'
import { amrOf, factorsOf, identitiesOf, lockedUser } from '../../statements'
import { indexedUsers, USER_SLICE, userMatching, userSlices } from '../../user-search'
import { SEARCHED_TEXT } from '../indexes'
import { type Pair, pair } from './pair'

/** SQLite requires the literal condition of its index, and stores booleans as numbers. */
const byEmail = pair(userByEmail, 'SELECT {columns} FROM users WHERE email = :email AND NOT is_sso_user')

/** Foreign keys to the row are not held up. */
const locked = pair(lockedUser, 'SELECT {columns} FROM auth.users WHERE id = :id FOR NO KEY UPDATE')

/** LIKE ignores case in SQLite, and has no escape character. */
const isLike = (text: string) => `${text} ILIKE :pattern ESCAPE ''`

/** By the index latchkey_users_created; accounts that another program made may have no number. */
function listIn(direction: 'asc' | 'desc'): Pair[] {
  const { page, sliceEnd, count, search } = userLists[direction]
  const [after, order] = direction === 'asc' ? ['>', 'ASC'] : ['<', 'DESC']
  const following = `aud = :aud AND (created_at, id) ${after} (:at::timestamptz, :id::uuid)`
  const sorted = `ORDER BY created_at ${order}, id ${order}`
  const position = 'created_at::text AS at, id'
  const hit = `coalesce(${isLike('email')}, false) OR coalesce(${isLike("raw_user_meta_data::jsonb ->> 'full_name'")}, false)`
  return [
    pair(page, `SELECT {columns} FROM users WHERE ${following} ${sorted} LIMIT :limit OFFSET :offset`),
    pair(sliceEnd, `SELECT ${position} FROM users WHERE ${following} ${sorted} LIMIT 1 OFFSET ${COUNT_SLICE - 1}`),
    pair(count, `SELECT {columns} FROM users WHERE ${following}`),
    pair(
      search,
      `SELECT ${position}, id AS "userId", ${hit} AS hit FROM users WHERE ${following} ${sorted} LIMIT ${SEARCH_SLICE}`,
    ),
  ]
}

const isPart = (text: string) => `coalesce(${text} ILIKE :pattern, false)`
const isEither = (wanted: string, condition: string) => `(:${wanted} = -1 OR (:${wanted} = 1) = (${condition}))`

/** What `hitOf` of user-search.ts finds. */
const SEARCHED = `(:pattern = ''
    OR ${isPart('email')} OR ${isPart('phone')} OR ${isPart('username')}
    OR ${isPart("raw_user_meta_data::jsonb ->> 'full_name'")} OR ${isPart("raw_user_meta_data::jsonb ->> 'name'")}
    OR id::text ILIKE :idPattern)
  AND ${isEither('banned', 'coalesce(banned_until > :now::timestamptz, false)')}
  AND ${isEither('confirmed', 'email_confirmed_at IS NOT NULL OR phone_confirmed_at IS NOT NULL')}
  AND ${isEither('anonymous', 'coalesce(is_anonymous, false)')}
  AND ${isEither('secondFactor', "EXISTS (SELECT 1 FROM mfa_factors f WHERE f.user_id = users.id AND f.status = 'verified')")}
  AND (:provider = '' OR EXISTS (SELECT 1 FROM identities i WHERE i.user_id = users.id AND i.provider = :provider))
  AND (:role = '' OR EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = users.id AND r.role = :role))
  AND (:signedInSince::timestamptz = 'epoch' OR coalesce(last_sign_in_at >= :signedInSince::timestamptz, false))`

const select = `SELECT created_at::text AS at, id, id AS "userId", last_sign_in_at AS "lastSignInAt", ${SEARCHED} AS hit`

/** The account by itself, if it matches. */
const matching = pair(
  userMatching,
  `${select} FROM users WHERE id = :userId::uuid AND aud = :aud AND created_at >= :createdSince::timestamptz`,
)

/** By the index latchkey_users_search, and that of usernames. */
const indexed = pair(
  indexedUsers,
  `(SELECT id AS "userId" FROM auth.users WHERE ${SEARCHED_TEXT} ILIKE :pattern LIMIT :limit)
  UNION (SELECT user_id FROM latchkey.accounts WHERE username IS NOT NULL AND username ILIKE :pattern LIMIT :limit)`,
)

const searchIn = (direction: 'asc' | 'desc') => {
  const [after, order] = direction === 'asc' ? ['>', 'ASC'] : ['<', 'DESC']
  return pair(
    userSlices[direction],
    `${select} FROM users WHERE aud = :aud AND (created_at, id) ${after} (:at::timestamptz, :id::uuid)
      AND created_at >= :createdSince::timestamptz ORDER BY created_at ${order}, id ${order} LIMIT ${USER_SLICE}`,
  )
}

/** Rows are sorted by milliseconds later; those of one millisecond keep this order. */
const ofAccount = [
  pair(identitiesOf, 'SELECT {columns} FROM identities WHERE user_id = :userId ORDER BY created_at, id'),
  pair(factorsOf, 'SELECT {columns} FROM mfa_factors WHERE user_id = :userId ORDER BY created_at, id'),
  pair(
    amrOf,
    'SELECT {columns} FROM mfa_amr_claims WHERE session_id = :sessionId ORDER BY updated_at DESC, authentication_method',
  ),
]

export const accountPairs = [
  byEmail,
  locked,
  ...ofAccount,
  ...listIn('asc'),
  ...listIn('desc'),
  searchIn('asc'),
  searchIn('desc'),
  matching,
  indexed,
]
