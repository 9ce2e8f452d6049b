import type { PageTexts } from '../texts'
import { account } from './account'
import { common } from './common'
import { errors } from './errors'
import { signIn } from './sign-in'

export const zh: PageTexts = { account, common, errors, signIn }
