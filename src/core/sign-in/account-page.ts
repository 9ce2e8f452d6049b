/** What the account page is told: where to go on, and what the server offers (docs/account.md). */
import type { Context } from '../kernel/context'
import { chooseRedirect, isAllowedRedirect } from '../kernel/redirects'
import { Refusal } from '../kernel/refusal'
import type { CodeChallengeParameters } from '../tokens/pkce'
import { requireChallenge } from './continuation'

export interface AccountPageRequest extends CodeChallengeParameters {
  /** Where the application receives the code; the site URL if it is not allowed. */
  redirectTo: string | undefined
  /** `login` or `select_account` (OpenID Connect Core 1.0 §3.1.2.1). */
  prompt: string | undefined
  /** An address or number to fill in. */
  loginHint: string | undefined
  /** `sign-up` to begin with that. */
  screen: string | undefined
}

const PROMPTS: readonly (string | undefined)[] = ['login', 'select_account']
const MAX_HINT = 255
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not occur in it
const HINT = /^[^\u0000-\u001f\u007f]+$/

/** The URL of the account page for a sign-in to an application (`GET /authorize?provider=account`). Stores nothing. */
export function accountPageUrl(context: Context, { redirectTo, ...given }: AccountPageRequest): string {
  const { policy, limits, client } = context
  limits.request('providers', client.ip)
  const { url } = policy.accountPage
  if (url === undefined) throw new Refusal('provider_unsupported', { detail: 'the account page is off' })
  const { value, method } = requireChallenge(given)
  const { prompt, loginHint = '', screen } = given
  const parameters = new URLSearchParams({
    redirect_to: chooseRedirect(context, { candidates: [redirectTo], referer: undefined }),
    code_challenge: value,
    code_challenge_method: method,
  })
  if (prompt !== undefined && PROMPTS.includes(prompt)) parameters.set('prompt', prompt)
  if (loginHint.length <= MAX_HINT && HINT.test(loginHint)) parameters.set('login_hint', loginHint)
  if (screen === 'sign-up') parameters.set('screen', screen)
  return `${url}?${parameters}`
}

/** @returns undefined if no target is named */
export function isAllowedTarget(context: Context, redirectTo: string | undefined): boolean | undefined {
  if (!redirectTo) return undefined
  return isAllowedRedirect(context, redirectTo.replaceAll(' ', '%20'), 'the account page does not link to it')
}

/** The custom providers that users can sign in with, by name. */
export async function enabledCustomProviders({ store, policy }: Context): Promise<{ id: string; name: string }[]> {
  if (!policy.oauth.custom.enabled) return []
  const enabled = (await store.listCustomProviders()).filter((provider) => provider.enabled)
  return enabled
    .map(({ identifier, name }) => ({ id: identifier, name }))
    .sort((one, other) => one.name.localeCompare(other.name))
}
