/** Sets up the SMS provider from the settings. */
import type { Settings } from '../config'
import type { HttpPost, SmsProvider } from '../core/kernel/ports'
import { smsProviderNamed, smsSettingsOf } from '../sms-providers'

export function smsProviderOf({ sms }: Settings, post: HttpPost): SmsProvider | undefined {
  if (sms.provider === undefined) return undefined
  const provider = smsProviderNamed(sms.provider)
  // the required ones were checked when the settings were read
  const options = smsSettingsOf(provider).map(({ option, key }) => [option, sms[key] ?? ''])
  return provider.create(Object.fromEntries(options), post)
}
