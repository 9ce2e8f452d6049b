/** The status, code and words of every refusal (contract 0.4 and 9). */
import type { Reason } from '../../../core/reasons'
import { accessWords } from './access'
import { accountWords } from './account'
import type { Answer } from './answer'
import { customProviderWords } from './custom-provider'
import { factorWords } from './factor'
import { federationWords } from './federation'
import { hookWords } from './hook'
import { messageWords } from './message'
import { oauthWords } from './oauth'
import { requestWords } from './request'
import { web3Words } from './web3'

/** Missing a reason does not compile. */
export const words: Record<Reason, Answer> = {
  ...accessWords,
  ...accountWords,
  ...customProviderWords,
  ...factorWords,
  ...federationWords,
  ...hookWords,
  ...messageWords,
  ...oauthWords,
  ...requestWords,
  ...web3Words,
}
