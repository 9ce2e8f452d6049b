/** Every setting, by area. A new area is added here and nowhere else. */
import { accounts } from './accounts'
import { limits } from './limits'
import { server } from './server'
import { sessions } from './sessions'
import type { Setting, Values } from './setting'
import { tokens } from './tokens'

export const areas = { server, tokens, accounts, sessions, limits }

export type Settings = { [Area in keyof typeof areas]: Values<(typeof areas)[Area]> }

/** Every setting once, in the order of the documentation. */
export const allSettings: Setting<unknown>[] = Object.values(areas).flatMap((area) =>
  Object.values<Setting<unknown>>(area),
)
