/** A third-party authenticator app. */
import { Secret, TOTP } from 'otpauth'

/** @param now Unix milliseconds */
export const codeAt = (secret: string, now: number): string =>
  new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 }).generate({ timestamp: now })
