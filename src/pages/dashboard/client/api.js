/** The session of the dashboard. */
import { makeSession } from './session.js'

export const { claims, currentSession, del, get, joinTabs, onSessionChange, openSession, post, put, request, signOut } =
  makeSession({
    name: 'latchkey-dashboard',
    isShared: false,
    idleMs: 30 * 60_000,
    reasons: {
      ended: 'Your session has ended. Sign in again.',
      idle: 'You were signed out after 30 minutes without activity.',
      elsewhere: 'You signed out in another tab.',
    },
  })
