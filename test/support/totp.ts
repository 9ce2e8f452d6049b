/** A third-party authenticator app. */
import { Secret, TOTP } from 'otpauth'

/** @param now Unix milliseconds */
export const codeAt = (secret: string, now: number): string =>
  new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 }).generate({ timestamp: now })

const STEP_MS = 30_000
const stepAt = (now: number) => Math.floor(now / STEP_MS)

/**
 * Sends the code of the step before the present one, so that a test can use the present one afterwards. If a step ends on
 * the way, that code is too old, and the next one is sent.
 */
export async function sendPreviousCode<Answer extends { status: number }>(
  secret: string,
  send: (code: string) => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const now = Date.now()
    const answer = await send(codeAt(secret, now - STEP_MS))
    if (answer.status === 200 || stepAt(now) === stepAt(Date.now())) return answer
  }
}
