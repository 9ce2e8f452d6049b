/** Password recovery by mail (`POST /recover`). The reset on `/api/auth` is in `service-mail-links.ts`. */
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { sendTokenMail } from '../messages/verification-mail'
import { parseCodeChallenge } from '../tokens/pkce'
import { inAudience, normalizeEmail } from '../users/users'
import { type MailRequest, simulateMailDelivery } from './one-time-codes'

/** Mails a password-recovery link, if the address has an account; the response does not reveal it. */
export async function requestRecovery(context: Context, request: MailRequest): Promise<void> {
  const { policy, store, limits, client } = context
  const { redirectTo } = request
  limits.request('recoveries', client.ip)
  if (!policy.signup.email) throw new Refusal('email_signin_disabled')
  if (!request.email) throw new Refusal('recovery_email_missing')
  const challenge = parseCodeChallenge(request)
  const email = normalizeEmail(request.email)
  const user = inAudience(await store.findUserByEmail(email), request.audience)
  if (user) await sendTokenMail(context, { user: { ...user, email }, purpose: 'recovery', challenge, redirectTo })
  else await simulateMailDelivery(context, email)
}
