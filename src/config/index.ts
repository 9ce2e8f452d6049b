/** Every setting, by area. New areas are added here only. */
import { accountPage } from './account-page'
import { accounts } from './accounts'
import { backup } from './backup'
import { captcha } from './captcha'
import { database } from './database'
import { encryption } from './encryption'
import { events } from './events'
import { federation } from './federation'
import { hooks } from './hooks'
import { limits } from './limits'
import { mail } from './mail'
import { matrix } from './matrix'
import { mfa } from './mfa'
import { oauth } from './oauth'
import { providers } from './providers'
import { server } from './server'
import { sessions } from './sessions'
import type { PolicyPathOf, Setting, Values } from './setting'
import { sms } from './sms'
import { templates } from './templates'
import { tokens } from './tokens'

export const areas = {
  server,
  database,
  tokens,
  encryption,
  accounts,
  accountPage,
  captcha,
  sessions,
  mfa,
  oauth,
  providers,
  federation,
  matrix,
  mail,
  sms,
  hooks,
  events,
  backup,
  limits,
  templates,
}

export type Settings = { [Area in keyof typeof areas]: Values<(typeof areas)[Area]> }

/** The fields of the core's policy that a setting feeds; the others are derived in `compose/policy.ts`. */
export type MappedPolicyPath = { [Area in keyof typeof areas]: PolicyPathOf<(typeof areas)[Area]> }[keyof typeof areas]

/** Every setting once, in documentation order. */
export const allSettings: Setting<unknown>[] = Object.values(areas).flatMap((area) =>
  Object.values<Setting<unknown>>(area),
)
