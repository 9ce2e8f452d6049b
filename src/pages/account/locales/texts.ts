/** The texts of the account page, by part. English says which there are, so a missing one does not compile. */
import type { common } from './en/common'
import type { errors } from './en/errors'
import type { signIn } from './en/sign-in'
import type { viewErrors } from './en/view-errors'
import type { views } from './en/views'

type Texts<English> = Record<keyof English, string>

export type CommonTexts = Texts<typeof common>
export type ErrorsTexts = Texts<typeof errors>
export type SignInTexts = Texts<typeof signIn>

export type ViewErrorsTexts = Texts<typeof viewErrors>

/** Each view is a part. */
export type ViewTexts = { [View in keyof typeof views]: Texts<(typeof views)[View]> }

export interface PageTexts extends ViewTexts {
  common: CommonTexts
  errors: ErrorsTexts & ViewErrorsTexts
  signIn: SignInTexts
}
