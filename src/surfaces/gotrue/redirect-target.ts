import { Type } from '@sinclair/typebox'
import type { Core } from '../../core'

/** Where a link leads back to: what the request asks for, where that is allowed. */
export function redirectTarget(
  core: Core,
  request: Request,
  query: (name: string) => string | undefined,
  inBody?: string,
): string {
  const { headers } = request
  return core.chooseRedirect({
    asked: [inBody, headers.get('redirect_to') ?? undefined, query('redirect_to')],
    referer: headers.get('referer') ?? undefined,
  })
}

export const redirectQuery = {
  redirect_to: Type.Optional(
    Type.String({ description: 'Where the link redirects; the site URL if it is not on the allow list.' }),
  ),
}
