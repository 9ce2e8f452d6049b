/**
 * Paths with dot segments (RFC 3986 §3.3). Bun resolves them before a handler sees the path, so that `/x/../health` would
 * answer as `/health`, and a proxy that guards paths by their text could be walked around. Its router matches the text as
 * it was sent, and so tells these paths apart.
 */

/** Deeper than any path of this server. */
const MAX_DEPTH = 8

const DOTS = ['.', '%2e', '%2E']
const SEGMENTS = [...DOTS, ...DOTS.flatMap((first) => DOTS.map((second) => first + second))]

/** Patterns of Bun's router for every path with a dot segment among its first eight segments. */
export function dottedPaths(): string[] {
  const heads = Array.from({ length: MAX_DEPTH }, (_, depth) =>
    Array.from({ length: depth }, (_, index) => `/:segment${index}`).join(''),
  )
  return heads.flatMap((head) => SEGMENTS.flatMap((segment) => [`${head}/${segment}`, `${head}/${segment}/*`]))
}

const dotted = new WeakSet<Request>()

/** Remembers that a request's path had a dot segment; its URL no longer shows it. */
export function markDotted(request: Request): Request {
  dotted.add(request)
  return request
}

export const isDotted = (request: Request): boolean => dotted.has(request)
