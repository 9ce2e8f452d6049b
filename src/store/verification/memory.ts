/** Verification tokens in memory: for tests and throw-away servers (VERIFICATION_BACKEND=memory). */
import type { VerificationToken } from '../schema'
import type { Journal, VerificationBackend } from './backend'

export function memoryTokens(): VerificationBackend & Journal {
  const tokens = new Map<string, VerificationToken>()
  /** Undo operations for the changes since the last commit. */
  const undos: (() => void)[] = []
  const set = (id: string, token: VerificationToken | undefined) => {
    const before = tokens.get(id)
    const write = (value: VerificationToken | undefined) => {
      if (value === undefined) tokens.delete(id)
      else tokens.set(id, value)
    }
    undos.push(() => write(before))
    write(token)
  }
  const pending = (matches: (token: VerificationToken) => boolean) =>
    [...tokens.values()].filter((token) => token.consumedAt === null && matches(token)).map((token) => ({ ...token }))
  const change = (id: string, changes: (token: VerificationToken) => Partial<VerificationToken>) => {
    const token = tokens.get(id)
    if (token) set(id, { ...token, ...changes(token) })
  }
  return {
    mark: () => undos.length,
    undoTo(mark) {
      while (undos.length > mark) undos.pop()?.()
    },
    keep() {
      undos.length = 0
    },
    async put(token) {
      set(token.id, { ...token })
    },
    get: async (id) => tokens.get(id),
    byPrefix: async (prefix) => [...tokens.values()].filter(({ tokenPrefix }) => tokenPrefix === prefix),
    pendingFor: async (address) =>
      pending((token) => ('email' in address ? token.email === address.email : token.phone === address.phone)),
    pendingOf: async (userId) => pending((token) => token.userId === userId),
    async markConsumed(id, now) {
      if (tokens.get(id)?.consumedAt !== null) return false
      change(id, () => ({ consumedAt: now }))
      return true
    },
    async withdraw(id) {
      if (tokens.get(id)?.consumedAt !== null) return false
      set(id, undefined)
      return true
    },
    async restore(id, consumedAt) {
      if (tokens.get(id)?.consumedAt === consumedAt) change(id, () => ({ consumedAt: null }))
    },
    hasNewer: async (userId, after) =>
      [...tokens.values()].some(
        (token) => token.userId === userId && (token.consumedAt === null || token.consumedAt > after),
      ),
    async countAttempt(id) {
      change(id, ({ codeAttempts }) => ({ codeAttempts: codeAttempts + 1 }))
    },
    async purgeExpired(before) {
      const old = [...tokens.values()].filter(({ expiresAt }) => expiresAt < before)
      for (const { id } of old) set(id, undefined)
      return old.length
    },
  }
}
