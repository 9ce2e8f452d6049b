/** Sign-ins with provider accounts. */
import { sql } from 'drizzle-orm'
import { index, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { OpenIdMetadata } from '../../lib/open-id-metadata'
import { bool, instant, json, texts } from './columns'

export const oauthStates = sqliteTable(
  'oauth_states',
  {
    stateHash: text('state_hash').primaryKey(),
    provider: text('provider').notNull(),
    browserHash: text('browser_hash'),
    redirectTo: text('redirect_to').notNull(),
    codeChallenge: text('code_challenge'),
    codeChallengeMethod: text('code_challenge_method').$type<'s256' | 'plain'>(),
    upstreamVerifier: text('upstream_verifier'),
    linkingUserId: text('linking_user_id'),
    linkingSessionId: text('linking_session_id'),
    inviteTokenId: text('invite_token_id'),
    invitedUserId: text('invited_user_id'),
    createdAt: instant('created_at').notNull(),
    usedAt: instant('used_at'),
  },
  (t) => [index('oauth_states_linking').on(t.linkingUserId).where(sql`linking_user_id IS NOT NULL`)],
)

export const customOAuthProviders = sqliteTable('custom_oauth_providers', {
  id: text('id').primaryKey(),
  providerType: text('provider_type').$type<'oauth2' | 'oidc'>().notNull(),
  identifier: text('identifier').notNull().unique(),
  name: text('name').notNull(),
  clientId: text('client_id').notNull(),
  clientSecret: text('client_secret').notNull(),
  acceptableClientIds: texts('acceptable_client_ids').notNull(),
  scopes: texts('scopes').notNull(),
  pkceEnabled: bool('pkce_enabled').notNull(),
  attributeMapping: json('attribute_mapping').notNull(),
  customClaimsAllowlist: texts('custom_claims_allowlist').notNull(),
  authorizationParams: text('authorization_params', { mode: 'json' }).$type<Record<string, string>>().notNull(),
  enabled: bool('enabled').notNull(),
  emailOptional: bool('email_optional').notNull(),
  issuer: text('issuer'),
  discoveryUrl: text('discovery_url'),
  skipNonceCheck: bool('skip_nonce_check').notNull(),
  discoveryDocument: text('discovery_document', { mode: 'json' }).$type<OpenIdMetadata>(),
  discoveredAt: instant('discovered_at'),
  authorizationUrl: text('authorization_url'),
  tokenUrl: text('token_url'),
  userinfoUrl: text('userinfo_url'),
  jwksUri: text('jwks_uri'),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
})

export const web3Messages = sqliteTable('web3_messages', {
  messageHash: text('message_hash').primaryKey(),
  expiresAt: instant('expires_at').notNull(),
})

export type OAuthState = typeof oauthStates.$inferSelect

export type CustomProvider = typeof customOAuthProviders.$inferSelect
