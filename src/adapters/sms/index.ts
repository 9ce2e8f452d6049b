/** The SMS providers, by the names of GoTrue's SMS_PROVIDER setting. */
import type { HttpPost, SmsProvider } from '../../core/kernel/ports'
import { httpPost } from '../http-post'
import { type MessageBirdOptions, messageBird } from './messagebird'
import { type TextlocalOptions, textlocal } from './textlocal'
import { type TwilioOptions, twilio } from './twilio'
import { type TwilioVerifyOptions, twilioVerify } from './twilio-verify'
import { type VonageOptions, vonage } from './vonage'

export type SmsSettings =
  | ({ provider: 'twilio' } & TwilioOptions)
  | ({ provider: 'twilio_verify' } & TwilioVerifyOptions)
  | ({ provider: 'messagebird' } & MessageBirdOptions)
  | ({ provider: 'vonage' } & VonageOptions)
  | ({ provider: 'textlocal' } & TextlocalOptions)

export function smsProvider(settings: SmsSettings, post: HttpPost = httpPost): SmsProvider {
  switch (settings.provider) {
    case 'twilio':
      return twilio(settings, post)
    case 'twilio_verify':
      return twilioVerify(settings, post)
    case 'messagebird':
      return messageBird(settings, post)
    case 'vonage':
      return vonage(settings, post)
    case 'textlocal':
      return textlocal(settings, post)
  }
}
