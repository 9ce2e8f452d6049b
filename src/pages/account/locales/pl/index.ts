import type { PageTexts } from '../texts'
import { common } from './common'
import { errors } from './errors'
import { signIn } from './sign-in'
import { viewErrors } from './view-errors'
import { views } from './views'

export const pl: PageTexts = {
  common,
  errors: { ...errors, ...viewErrors },
  signIn,
  ...views,
}
