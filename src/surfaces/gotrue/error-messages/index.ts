/** Status, code and message of every refusal (docs/wire-contract.md#errors). */
import type { Reason } from '../../../core/kernel/reasons'
import { errorCodes } from '../../../http/schemas'
import { accessErrors } from './access'
import { accountErrors } from './account'
import { administrationErrors } from './administration'
import { captchaErrors } from './captcha'
import { customProviderErrors } from './custom-provider'
import type { ErrorResponse } from './error-answer'
import { factorErrors } from './factor'
import { federationErrors } from './federation'
import { hookErrors } from './hook'
import { messageErrors } from './message'
import { oauthErrors } from './oauth'
import { requestErrors } from './request'
import { web3Errors } from './web3'

/** The codes of errors whose code depends on the refusal (hook.ts). */
const COMPUTED = ['unexpected_failure', 'unknown']

/** A missing reason does not compile. */
export const errorAnswers: Record<Reason, ErrorResponse> = {
  ...accessErrors,
  ...accountErrors,
  ...administrationErrors,
  ...captchaErrors,
  ...customProviderErrors,
  ...factorErrors,
  ...federationErrors,
  ...hookErrors,
  ...messageErrors,
  ...oauthErrors,
  ...requestErrors,
  ...web3Errors,
}

/** Every code of an error. A few have none: they are errors of OAuth. */
export const ERROR_CODES = errorCodes([
  ...Object.values(errorAnswers).flatMap(([, code]) => (typeof code === 'string' && code !== '' ? code : [])),
  ...COMPUTED,
])
