/**
 * Paths with dot segments (RFC 3986 §3.3). Bun resolves them before a handler sees the path, so `/x/../health` would
 * answer as `/health`, bypassing a proxy that filters paths by their text. Bun's router matches the raw path, so it can
 * recognize these.
 */

/** More segments than any path of this server. */
const MAX_DEPTH = 8

const DOTS = ['.', '%2e', '%2E']
const SEGMENTS = [...DOTS, ...DOTS.flatMap((first) => DOTS.map((second) => first + second))]

/** Bun router patterns for every path with a dot segment among its first eight segments. */
export function dotSegmentRoutes(): string[] {
  const heads = Array.from({ length: MAX_DEPTH }, (_, depth) =>
    Array.from({ length: depth }, (_, index) => `/:segment${index}`).join(''),
  )
  return heads.flatMap((head) => SEGMENTS.flatMap((segment) => [`${head}/${segment}`, `${head}/${segment}/*`]))
}

const dotted = new WeakSet<Request>()

/** Records that a request's path had a dot segment, which its URL no longer shows. */
export function markDotSegments(request: Request): Request {
  dotted.add(request)
  return request
}

export const hasDotSegments = (request: Request): boolean => dotted.has(request)
