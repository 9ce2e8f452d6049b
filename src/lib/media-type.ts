/** Media types (RFC 9110 §8.3.1). */

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const PARAMETER = new RegExp(`;[ \\t]*(${TOKEN})=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")[ \\t]*`, 'g')
const MEDIA_TYPE = new RegExp(`^[ \\t]*(${TOKEN}/${TOKEN})[ \\t]*((?:${PARAMETER.source})*);?[ \\t]*$`)

/** @returns the type in lower case, without its parameters; undefined if it is not a valid media type */
export function parseMediaType(text: string): string | undefined {
  const [, type, parameters = ''] = MEDIA_TYPE.exec(text) ?? []
  const names = [...parameters.matchAll(PARAMETER)].map(([, name = '']) => name.toLowerCase())
  return new Set(names).size === names.length ? type?.toLowerCase() : undefined
}
