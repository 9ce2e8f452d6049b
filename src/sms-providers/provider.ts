/** What the file of an SMS provider declares. Its settings and the check for missing ones derive from these objects. */
import type { HttpPost, SmsProvider } from '../core/kernel/ports'
import type { ApiOptions } from './request'

export interface SmsProviderSetting {
  /** Its name: `SMS_<PROVIDER>_<NAME>`, and `sms.<provider>.<name>` in config.toml. In lower case. */
  setting: string
  doc: string
  isSecret?: boolean
  /** Whether SMS can be sent without it. */
  isOptional?: boolean
}

export interface SmsProviderDeclaration<Name extends string = string, Option extends string = string> {
  /** As in GoTrue's SMS_PROVIDER. */
  name: Name
  /** Whether it also sends WhatsApp messages. */
  sendsWhatsapp: boolean
  /** By the name of the option that each one becomes. */
  settings: Record<Option, SmsProviderSetting>
  /** @param options empty if the setting is missing @param api replaces what is known of the API, in tests */
  create(options: Record<Option, string>, post: HttpPost, api?: ApiOptions): SmsProvider
}

/** Exists for type inference: connects `create` with the settings. */
export function defineSmsProvider<const Name extends string, Option extends string>(
  declaration: SmsProviderDeclaration<Name, Option>,
): SmsProviderDeclaration<Name, Option> {
  return declaration
}
