import * as ExpoCrypto from 'expo-crypto'

/**
 * React Native has no Web Crypto. Without it, supabase-js takes the secrets of the PKCE flow from Math.random and sends
 * them unhashed.
 */
if (typeof globalThis.crypto === 'undefined') {
  Object.defineProperty(globalThis, 'crypto', {
    value: {
      getRandomValues: ExpoCrypto.getRandomValues,
      randomUUID: ExpoCrypto.randomUUID,
      subtle: { digest: ExpoCrypto.digest },
    },
  })
}
