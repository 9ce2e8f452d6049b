/**
 * Every migration in its order, carried in the executable as text. Forward only: a released file is never edited, which
 * the migrator checks. `test/guards/database.test.ts` compares this list with the folder.
 */
import accounts from './0001-accounts.sql' with { type: 'text' }
import verification from './0002-verification.sql' with { type: 'text' }
import factors from './0003-factors.sql' with { type: 'text' }
import secondFactors from './0004-second-factors.sql' with { type: 'text' }
import signingKeys from './0005-signing-keys.sql' with { type: 'text' }
import externalIdentities from './0006-external-identities.sql' with { type: 'text' }
import tokens from './0007-tokens.sql' with { type: 'text' }
import customProviders from './0008-custom-providers.sql' with { type: 'text' }
import federation from './0009-federation.sql' with { type: 'text' }
import matrix from './0010-matrix.sql' with { type: 'text' }
import web3 from './0011-web3.sql' with { type: 'text' }
import linkingSession from './0012-linking-session.sql' with { type: 'text' }
import factorAttempts from './0013-factor-attempts.sql' with { type: 'text' }
import givenByAdministrators from './0014-given-by-administrators.sql' with { type: 'text' }
import waysIn from './0015-ways-in.sql' with { type: 'text' }
import tokenAssurance from './0016-token-assurance.sql' with { type: 'text' }
import otherServers from './0017-other-servers.sql' with { type: 'text' }
import elevatedSessions from './0018-elevated-sessions.sql' with { type: 'text' }
import spentCaptchas from './0019-spent-captchas.sql' with { type: 'text' }
import events from './0020-events.sql' with { type: 'text' }
import activity from './0021-activity.sql' with { type: 'text' }
import administrators from './0022-administrators.sql' with { type: 'text' }
import auditSeals from './0023-audit-seals.sql' with { type: 'text' }
import userSearch from './0024-user-search.sql' with { type: 'text' }
import continuedSessions from './0025-continued-sessions.sql' with { type: 'text' }
import messageUsers from './0026-message-users.sql' with { type: 'text' }

export interface Migration {
  name: string
  sql: string
}

export const migrations: Migration[] = [
  { name: '0001-accounts', sql: accounts },
  { name: '0002-verification', sql: verification },
  { name: '0003-factors', sql: factors },
  { name: '0004-second-factors', sql: secondFactors },
  { name: '0005-signing-keys', sql: signingKeys },
  { name: '0006-external-identities', sql: externalIdentities },
  { name: '0007-tokens', sql: tokens },
  { name: '0008-custom-providers', sql: customProviders },
  { name: '0009-federation', sql: federation },
  { name: '0010-matrix', sql: matrix },
  { name: '0011-web3', sql: web3 },
  { name: '0012-linking-session', sql: linkingSession },
  { name: '0013-factor-attempts', sql: factorAttempts },
  { name: '0014-given-by-administrators', sql: givenByAdministrators },
  { name: '0015-ways-in', sql: waysIn },
  { name: '0016-token-assurance', sql: tokenAssurance },
  { name: '0017-other-servers', sql: otherServers },
  { name: '0018-elevated-sessions', sql: elevatedSessions },
  { name: '0019-spent-captchas', sql: spentCaptchas },
  { name: '0020-events', sql: events },
  { name: '0021-activity', sql: activity },
  { name: '0022-administrators', sql: administrators },
  { name: '0023-audit-seals', sql: auditSeals },
  { name: '0024-user-search', sql: userSearch },
  { name: '0025-continued-sessions', sql: continuedSessions },
  { name: '0026-message-users', sql: messageUsers },
]
