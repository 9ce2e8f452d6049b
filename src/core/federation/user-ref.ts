/**
 * User references across servers (docs/other-surfaces.md#federation): `local@<uid>`, or `<server>@<32 hexadecimal
 * digits>`.
 */
import { MAX_UID } from '../users/usernames'

export type UserRef = { kind: 'local'; uid: number } | { kind: 'external'; server: string; id: string }

const LOCAL = 'local'
const DECIMAL = /^(?:0|[1-9][0-9]{0,9})$/
const UUID_DIGITS = /^[0-9a-f]{32}$/

export const localRef = (uid: number): string => `${LOCAL}@${uid}`
export const externalRef = (server: string, id: string): string => `${server}@${id}`

/** Splits at the first `@`. @returns undefined if the text is not a user reference */
export function parseUserRef(text: string): UserRef | undefined {
  const at = text.indexOf('@')
  if (at < 1) return undefined
  const [server, id] = [text.slice(0, at), text.slice(at + 1)]
  if (server !== LOCAL) return UUID_DIGITS.test(id) ? { kind: 'external', server, id } : undefined
  const uid = DECIMAL.test(id) ? Number(id) : Number.NaN
  return uid <= MAX_UID ? { kind: 'local', uid } : undefined
}
