import { Type } from '@sinclair/typebox'
import type { RequestCore } from '../../core'
import type { QueryValues } from '../../http/parameters'

/** The redirect target of a link: the requested one if it is allowed. */
export function redirectTarget(
  core: RequestCore,
  request: Request,
  query: QueryValues<typeof redirectQuery>,
  inBody?: string,
): string {
  const { headers } = request
  return core.chooseRedirect({
    candidates: [inBody, headers.get('redirect_to') ?? undefined, query.redirect_to],
    referer: headers.get('referer') ?? undefined,
  })
}

export const redirectQuery = {
  redirect_to: Type.Optional(
    Type.String({ description: 'Where the link redirects; the site URL if it is not on the allow list.' }),
  ),
}
