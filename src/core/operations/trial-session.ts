/** Signs in to an account without its password, on a copy of the database. */
import { authenticateUser } from '../authentication/authenticate'
import type { Context } from '../kernel/context'
import { issueTokens, newSession } from '../sessions/issue-tokens'

/** Accounts that are tried; banned and deleted ones cannot sign in. */
const SAMPLE = 50

/**
 * Opens a session of one of the newest accounts, issues its tokens, and authenticates with its access token.
 * @returns the account; undefined if none of them may sign in
 * @throws if a session cannot be opened, or its token is not accepted
 */
export async function tryASession(context: Context): Promise<string | undefined> {
  const { store, policy, now } = context
  const { rows } = await store.listUsers({
    aud: policy.audience,
    filter: '',
    direction: 'desc',
    page: 1,
    perPage: SAMPLE,
  })
  for (const { id } of rows) {
    const { row, key } = newSession(context, id, 'password')
    const signedIn = await store.openSession({ now, session: row, audit: [] })
    if (signedIn.outcome !== 'opened') continue
    const { accessToken } = await issueTokens(context, signedIn.opened, { key, occasion: 'password' })
    const { user } = await authenticateUser(context, { bearer: accessToken, apiKey: undefined })
    if (user.id !== id) throw new Error(`the token of account ${id} is that of another one`)
    return id
  }
  return undefined
}
