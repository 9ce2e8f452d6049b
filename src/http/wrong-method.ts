/** The response to a method that a known path does not have (RFC 9110 §15.5.6). */
import type { AnyElysia } from 'elysia'
import { targetOf } from './target'

/** @returns a function that returns undefined for every other path */
export function wrongMethodResponse(apps: readonly AnyElysia[], supportsHead: (path: string) => boolean) {
  const routes = apps
    .flatMap(({ routes }) => routes)
    .map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`),
    }))
  return (request: Request): Response | undefined => {
    const { path } = targetOf(request)
    const methods = routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (methods.length === 0) return undefined
    const allowed = supportsHead(path) ? [...methods, 'HEAD'] : methods
    return new Response(null, { status: 405, headers: { Allow: allowed.join(', ') } })
  }
}
