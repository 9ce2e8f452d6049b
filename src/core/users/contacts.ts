/** The normalized address or number of a sign-up, and the rules for it. */
import type { User } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { normalizeEmail, normalizePhone } from './users'

export interface Contact {
  provider: 'email' | 'phone'
  /** Normalized. */
  address: string
  /** Whether it is confirmed automatically. */
  isConfirmed: boolean
  isConfirmedFor(user: User): boolean
  find(): Promise<User | undefined>
  columns(now: number): { email?: string; phone?: string; emailConfirmedAt?: number; phoneConfirmedAt?: number }
  identityData: Record<string, string | boolean>
}

export function emailContact({ policy, store }: Context, text: string): Contact {
  if (!policy.signup.email) throw new Refusal('email_signup_disabled')
  const email = normalizeEmail(text)
  const isConfirmed = policy.signup.autoconfirmsEmail
  return {
    provider: 'email',
    address: email,
    isConfirmed,
    isConfirmedFor: (user) => user.emailConfirmedAt !== null,
    find: () => store.findUserByEmail(email),
    columns: (now) => ({ email, ...(isConfirmed && { emailConfirmedAt: now }) }),
    identityData: { email, email_verified: false, phone_verified: false },
  }
}

export function phoneContact({ policy, store }: Context, text: string): Contact {
  if (!policy.signup.phone) throw new Refusal('phone_signup_disabled')
  const phone = normalizePhone(text)
  const isConfirmed = policy.signup.autoconfirmsPhone
  return {
    provider: 'phone',
    address: phone,
    isConfirmed,
    isConfirmedFor: (user) => user.phoneConfirmedAt !== null,
    find: () => store.findUserByPhone(phone),
    columns: (now) => ({ phone, ...(isConfirmed && { phoneConfirmedAt: now }) }),
    // GoTrue leaves the number and its confirmation out of the phone identity of a sign-up
    identityData: { email_verified: false, phone_verified: false },
  }
}
