const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** Whether the text is a UUID in its usual form (RFC 9562 §4), of any version and letter case. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

const SPELLINGS = /^(?:urn:uuid:)?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i
const DIGITS = /^(?:urn:uuid:)?([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i

/** A UUID in canonical form, from any spelling that GoTrue parses: as a URN, in braces, or without hyphens. */
export function parseUuid(text: string): string | undefined {
  const plain = /^\{([^{}:]*)\}$/.exec(text)?.[1] ?? text
  const [, ...groups] = SPELLINGS.exec(plain) ?? DIGITS.exec(plain) ?? []
  return groups.length === 0 ? undefined : groups.join('-').toLowerCase()
}
