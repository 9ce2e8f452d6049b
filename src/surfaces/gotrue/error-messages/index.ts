/** Status, code and message of every refusal (docs/wire-contract.md#errors). */
import type { Reason } from '../../../core/kernel/reasons'
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
