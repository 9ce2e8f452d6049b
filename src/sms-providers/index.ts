/** Every supported SMS provider. A new one is a file in this folder and a line in the list. */
import { messageBird } from './messagebird'
import type { SmsProviderDeclaration } from './provider'
import { textlocal } from './textlocal'
import { twilio } from './twilio'
import { twilioVerify } from './twilio-verify'
import { vonage } from './vonage'

export const SMS_PROVIDERS = [twilio, twilioVerify, messageBird, textlocal, vonage] as const

type Declared = (typeof SMS_PROVIDERS)[number]
export type SmsProviderName = Declared['name']

type KeyOf<Provider> = Provider extends SmsProviderDeclaration<infer Name, infer Option> ? `${Name}.${Option}` : never

/** Name of a provider and of one of its options, such as `twilio.authToken`. */
export type SmsSettingKey = KeyOf<Declared>

export function smsProviderNamed(name: SmsProviderName): SmsProviderDeclaration<SmsProviderName> {
  return SMS_PROVIDERS.find((each) => each.name === name) as SmsProviderDeclaration<SmsProviderName>
}

export function smsSettingsOf({ name, settings }: SmsProviderDeclaration) {
  return Object.entries(settings).map(([option, declared]) => ({
    ...declared,
    option,
    key: `${name}.${option}` as SmsSettingKey,
  }))
}
