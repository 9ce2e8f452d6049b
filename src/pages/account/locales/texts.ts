/** The texts of the account page, by part. English says which there are, so a missing one does not compile. */
import type { account } from './en/account'
import type { common } from './en/common'
import type { errors } from './en/errors'
import type { signIn } from './en/sign-in'

type Texts<English> = Record<keyof English, string>

export type AccountViewTexts = Texts<typeof account>
export type CommonTexts = Texts<typeof common>
export type ErrorsTexts = Texts<typeof errors>
export type SignInTexts = Texts<typeof signIn>

export interface PageTexts {
  account: AccountViewTexts
  common: CommonTexts
  errors: ErrorsTexts
  signIn: SignInTexts
}
