/** Custom providers (`/admin/custom-providers`): list, create, change and delete. */
import type { OpenIdMetadata } from '../../lib/open-id-metadata'
import type { CustomProvider } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import {
  type CustomProviderInput,
  type CustomProviderType,
  discover,
  requireComplete,
  requirePrefix,
  requirePublicUrls,
  scopesFor,
  URLS,
  validateInput,
} from './custom-provider-rules'

function requireCustomProvidersEnabled({ policy }: Context): void {
  if (!policy.oauth.custom.enabled) throw new Refusal('custom_providers_off')
}

const isType = (text: string): text is CustomProviderType => text === 'oidc' || text === 'oauth2'

/**
 * Newest first.
 * @param type the type wanted; empty for all
 */
export async function listCustomProviders(context: Context, type: string): Promise<CustomProvider[]> {
  requireCustomProvidersEnabled(context)
  if (type !== '' && !isType(type)) throw new Refusal('custom_provider_filter_unknown')
  const all = await context.store.listCustomProviders()
  return all.filter(({ providerType }) => type === '' || providerType === type)
}

export async function getCustomProvider(context: Context, identifier: string): Promise<CustomProvider> {
  requireCustomProvidersEnabled(context)
  requirePrefix(identifier)
  const found = await context.store.findCustomProvider(identifier)
  if (!found) throw new Refusal('custom_provider_unknown')
  return found
}

export interface NewCustomProvider {
  admin: Admin
  type: string
  identifier: string
  given: CustomProviderInput
}

/** The metadata of an OpenID issuer is fetched before anything is stored. */
export async function createCustomProvider(
  context: Context,
  { admin, type, identifier, given }: NewCustomProvider,
): Promise<CustomProvider> {
  requireCustomProvidersEnabled(context)
  if (!isType(type)) throw new Refusal('custom_provider_type_unknown')
  requireComplete(type, identifier, given)
  const input = validateInput(given)
  const { max } = context.policy.oauth.custom
  const present = await context.store.listCustomProviders()
  if (present.length >= max) throw new Refusal('custom_providers_too_many')
  requirePublicUrls(context, type, input)
  if (present.some((each) => each.identifier === identifier)) throw new Refusal('custom_provider_exists')
  const provider = await newProvider(context, type, identifier, input)
  const audit = [auditEntry(context, 'custom_provider_created', actorOf(admin), { identifier })]
  const added = await context.store.addCustomProvider({ provider, max, audit })
  if (added === 'added') return provider
  throw new Refusal(added === 'exists' ? 'custom_provider_exists' : 'custom_providers_too_many')
}

async function newProvider(
  context: Context,
  type: CustomProviderType,
  identifier: string,
  given: CustomProviderInput,
): Promise<CustomProvider> {
  const id = context.random.uuid()
  const own = (field: (typeof URLS)[CustomProviderType][number]) =>
    (URLS[type] as readonly string[]).includes(field) ? given[field] || null : null
  const urls = {
    issuer: own('issuer'),
    discoveryUrl: own('discoveryUrl'),
    authorizationUrl: own('authorizationUrl'),
    tokenUrl: own('tokenUrl'),
    userinfoUrl: own('userinfoUrl'),
    jwksUri: own('jwksUri'),
  }
  const { issuer, discoveryUrl } = urls
  const document = issuer === null ? undefined : await discover(context, { issuer, discoveryUrl })
  const { now } = withCurrentTime(context)
  return {
    id,
    identifier,
    providerType: type,
    ...urls,
    ...discoveredNow(document, now),
    name: given.name ?? '',
    clientId: given.clientId ?? '',
    clientSecret: sealSecret(context, id, given.clientSecret ?? ''),
    acceptableClientIds: given.acceptableClientIds ?? [],
    scopes: scopesFor(type, given.scopes ?? []),
    pkceEnabled: given.pkceEnabled ?? true,
    attributeMapping: (given.attributeMapping ?? {}) as CustomProvider['attributeMapping'],
    customClaimsAllowlist: given.customClaimsAllowlist ?? [],
    authorizationParams: (given.authorizationParams ?? {}) as Record<string, string>,
    enabled: given.enabled ?? true,
    emailOptional: given.emailOptional ?? false,
    skipNonceCheck: type === 'oidc' && (given.skipNonceCheck ?? false),
    createdAt: now,
    updatedAt: now,
  }
}

const discoveredNow = (document: OpenIdMetadata | undefined, now: number) => ({
  discoveryDocument: document ?? null,
  discoveredAt: document ? now : null,
})

const sealSecret = ({ sealer }: Context, id: string, secret: string) => sealer.seal(Buffer.from(secret), secretAad(id))

/** The sealing context of a provider's secret. */
export const secretAad = (id: string) => `custom_oauth_providers.client_secret:${id}`

/** Changes the given fields; metadata is fetched again if the issuer or its discovery URL is among them. */
export async function updateCustomProvider(
  context: Context,
  { admin, identifier, given }: Omit<NewCustomProvider, 'type'>,
): Promise<CustomProvider> {
  requireCustomProvidersEnabled(context)
  requirePrefix(identifier)
  const input = validateInput(given)
  const present = await getCustomProvider(context, identifier)
  requirePublicUrls(context, present.providerType, input)
  const set = await changesOf(context, present, input)
  const audit = [
    auditEntry(context, 'custom_provider_updated', actorOf(admin), { identifier, changed: namesOf(given) }),
  ]
  const changed = await context.store.changeCustomProvider({
    id: present.id,
    identifier,
    set,
    now: withCurrentTime(context).now,
    audit,
  })
  if (!changed) throw new Refusal('custom_provider_unknown')
  return changed
}

async function changesOf(context: Context, present: CustomProvider, given: CustomProviderInput) {
  const { id, providerType: type } = present
  const { name, clientId, clientSecret, scopes, skipNonceCheck, issuer, discoveryUrl, jwksUri, ...rest } = given
  const { authorizationUrl, tokenUrl, userinfoUrl, ...common } = rest
  const ofType =
    type === 'oidc'
      ? { skipNonceCheck, ...(await newIssuer(context, present, given)) }
      : {
          authorizationUrl: authorizationUrl || undefined,
          tokenUrl: tokenUrl || undefined,
          userinfoUrl: userinfoUrl || undefined,
          jwksUri: jwksUri === '' ? null : jwksUri,
        }
  const all = {
    ...common,
    ...ofType,
    name: name || undefined,
    clientId: clientId || undefined,
    clientSecret: clientSecret ? sealSecret(context, id, clientSecret) : undefined,
    scopes: scopes && scopesFor(type, scopes),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Partial<CustomProvider>
}

/** An issuer with its discovery URL and metadata, which only make sense together. */
async function newIssuer(context: Context, present: CustomProvider, given: CustomProviderInput) {
  if (!given.issuer && given.discoveryUrl === undefined) return {}
  const issuer = given.issuer || (present.issuer ?? '')
  const discoveryUrl = given.discoveryUrl === undefined ? present.discoveryUrl : given.discoveryUrl || null
  const document = await discover(context, { issuer, discoveryUrl })
  return { issuer, discoveryUrl, ...discoveredNow(document, withCurrentTime(context).now) }
}

/** The names of what is given, as clients send them. */
const namesOf = (given: CustomProviderInput): string[] =>
  Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)],
  )

/** Users who signed in with it keep their accounts. */
export async function deleteCustomProvider(
  context: Context,
  { admin, identifier }: Pick<NewCustomProvider, 'admin' | 'identifier'>,
): Promise<void> {
  requireCustomProvidersEnabled(context)
  requirePrefix(identifier)
  const audit = [auditEntry(context, 'custom_provider_deleted', actorOf(admin), { identifier })]
  if (!(await context.store.deleteCustomProvider({ identifier, audit }))) throw new Refusal('custom_provider_unknown')
}
