const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** Whether the text is a UUID in its usual form (RFC 9562 §4), of any version and letter case. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}
