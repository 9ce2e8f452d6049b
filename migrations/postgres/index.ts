/**
 * The SQL of Postgres, carried in the executable as text. Migrations are forward only: a released file is never edited,
 * which the migrator checks. `test/guards/database.test.ts` compares them with the folder.
 */
import type { Migration } from '..'
import latchkey from './0001-latchkey.sql' with { type: 'text' }
import events from './0002-events.sql' with { type: 'text' }
import activity from './0003-activity.sql' with { type: 'text' }
import administrators from './0004-administrators.sql' with { type: 'text' }
import auditSeals from './0005-audit-seals.sql' with { type: 'text' }
import continuedSessions from './0006-continued-sessions.sql' with { type: 'text' }
import messageUsers from './0007-message-users.sql' with { type: 'text' }
import authSchema from './auth.sql' with { type: 'text' }
import views from './views.sql' with { type: 'text' }

/** Of the schema `latchkey`, in order. */
export const postgresMigrations: Migration[] = [
  { name: '0001-latchkey', sql: latchkey },
  { name: '0002-events', sql: events },
  { name: '0003-activity', sql: activity },
  { name: '0004-administrators', sql: administrators },
  { name: '0005-audit-seals', sql: auditSeals },
  { name: '0006-continued-sessions', sql: continuedSessions },
  { name: '0007-message-users', sql: messageUsers },
]

/**
 * `authSchema`: the schema `auth` of supabase/auth, for a database without one. `views`: those on its tables, applied
 * whenever their text changes.
 */
export { authSchema, views }
