/** Providers by name, built-in and custom. */
import { HOUR } from '../../lib/milliseconds'
import { isWithin } from '../../lib/time'
import type { CustomProvider } from '../../store'
import type { Context } from '../kernel/context'
import type { CustomSetup, OAuthProvider } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { discover, isCustom } from './custom-provider-rules'
import { secretAad } from './custom-providers'

/** Finds a provider; if there is none, a string with the reason in GoTrue's words. */
export async function findProvider(context: Context, name: string): Promise<OAuthProvider | string> {
  if (!isCustom(name)) return context.providers.find(name)
  const found = await loadCustomProvider(context, name)
  switch (found.outcome) {
    case 'found':
      return found.provider
    case 'off':
      return 'custom OAuth providers are disabled'
    case 'unknown':
      return `custom provider ${name} not found`
    case 'disabled':
      return `custom provider ${name} is disabled`
  }
}

export async function loadCustomProvider(
  context: Context,
  identifier: string,
): Promise<{ outcome: 'found'; provider: OAuthProvider } | { outcome: 'off' | 'unknown' | 'disabled' }> {
  if (!context.policy.oauth.custom.enabled) return { outcome: 'off' }
  const row = await context.store.findCustomProvider(identifier)
  if (!row) return { outcome: 'unknown' }
  if (!row.enabled) return { outcome: 'disabled' }
  return {
    outcome: 'found',
    provider: context.providers.custom(setupOf(context, await withFreshDiscovery(context, row))),
  }
}

function setupOf({ sealer }: Context, row: CustomProvider): CustomSetup {
  const { discoveryDocument: openId } = row
  return {
    name: row.identifier,
    clientIds: [row.clientId, ...row.acceptableClientIds],
    secret: sealer.open(row.clientSecret, secretAad(row.id)).toString(),
    scopes: row.scopes,
    usesPkce: row.pkceEnabled,
    attributeMapping: row.attributeMapping,
    customClaims: row.customClaimsAllowlist,
    parameters: row.authorizationParams,
    isEmailOptional: row.emailOptional,
    skipsNonce: row.skipNonceCheck,
    endpoints: {
      authorize: openId?.authorization_endpoint ?? row.authorizationUrl ?? '',
      token: openId?.token_endpoint ?? row.tokenUrl ?? '',
      userinfo: openId ? openId.userinfo_endpoint : (row.userinfoUrl ?? undefined),
    },
    openId: openId ?? undefined,
  }
}

/** How long issuer metadata is used before it is fetched again. */
const DISCOVERY_MS = HOUR

/**
 * The provider with current issuer metadata. If the issuer does not respond, the previous metadata is used for another
 * period.
 */
async function withFreshDiscovery(context: Context, row: CustomProvider): Promise<CustomProvider> {
  const { now } = context
  const { id, identifier, issuer, discoveryUrl, discoveredAt, discoveryDocument } = row
  if (issuer === null || isWithin(discoveredAt, DISCOVERY_MS, now)) return row
  let document = discoveryDocument
  try {
    document = await discover(context, { issuer, discoveryUrl })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { error: why = error.detail.detail ?? '' } = error.detail
    context.report('warn', 'could not fetch the metadata of an OpenID issuer', { provider: identifier, error: why })
  }
  await context.store.saveDiscovery({ id, identifier, issuer, discoveryUrl, document, now })
  return { ...row, discoveryDocument: document }
}
