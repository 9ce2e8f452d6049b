/** Pages for browsers: a start page, its icon, and Swagger UI with its document. */
import { Elysia } from 'elysia'
import { isFromBrowser } from '../../http/error-pages'
import { ROUTING } from '../../http/mount'
import { requestContextOf } from '../../http/request-context'
import { type HomeOptions, homeAsset, homePage, homePaths, plainHomePage } from '../../pages/home'
import { swagger, swaggerPaths } from '../../pages/swagger'

export interface SiteOptions extends Omit<HomeOptions, 'links'> {
  siteUrl: string
  hasSwagger: boolean
  /** Whether the mailbox is served for a request: then the start page is the one for developers. */
  isForDeveloper(request: Request): boolean
  /** The response for programs at `/`, where GoTrue has nothing. */
  notFoundResponse(request: Request): Promise<Response>
}

export function site({ siteUrl, hasSwagger, isForDeveloper, notFoundResponse, ...home }: SiteOptions) {
  const links: HomeOptions['links'] = [
    ['/mailbox', 'Mailbox', 'the mail and SMS that this server would have sent'],
    ...(hasSwagger
      ? ([
          ['/swagger', 'Swagger UI', 'browse and try every endpoint'],
          ['/openapi.json', 'OpenAPI document', 'for generators and other tools'],
        ] as const)
      : []),
    ['/ready', 'Readiness', 'whether the server is ready'],
    ['/health', 'Health', 'whether the server is running, and its version'],
  ]
  const app = new Elysia(ROUTING)
  const hidden = { detail: { hide: true } }
  app.get(
    '/',
    async ({ request, route }) => {
      if (!isFromBrowser(request)) return notFoundResponse(request)
      requestContextOf(request).route = route
      const answer = isForDeveloper(request)
        ? homePage({ ...home, links })
        : plainHomePage(siteUrl, requestContextOf(request).client().languages)
      answer.headers.append('Vary', 'Accept')
      return answer
    },
    hidden,
  )
  const addPage = (path: string, answer: () => Response | undefined) =>
    app.get(
      path,
      ({ request, route }) => {
        requestContextOf(request).route = route
        return answer()
      },
      hidden,
    )
  for (const path of homePaths) addPage(path, () => homeAsset(path))
  if (hasSwagger) for (const path of swaggerPaths) addPage(path, () => swagger(path))
  return { app, paths: ['/', ...homePaths, ...(hasSwagger ? swaggerPaths : [])] }
}
