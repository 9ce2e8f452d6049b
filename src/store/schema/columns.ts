/** Kinds of columns. */
import { integer, text } from 'drizzle-orm/sqlite-core'
import type { JsonObject } from '../../lib/json'

/** Unix milliseconds. */
export const instant = (name: string) => integer(name)
export const json = (name: string) => text(name, { mode: 'json' }).$type<JsonObject>()
export const texts = (name: string) => text(name, { mode: 'json' }).$type<string[]>()
export const bool = (name: string) => integer(name, { mode: 'boolean' })
