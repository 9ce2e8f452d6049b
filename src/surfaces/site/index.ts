/**
 * Pages for browsers: a start page, its icon, the account page, the dashboard, the documentation, and Swagger UI with its
 * document.
 */
import { Elysia } from 'elysia'
import { isFromBrowser } from '../../http/error-pages'
import { ROUTING } from '../../http/mount'
import { requestContextOf } from '../../http/request-context'
import { isBelow, queryParametersOf, targetOf } from '../../http/target'
import { type Accent, LOGO_PATH } from '../../lib/brand'
import { accountAsset, accountAssetPaths, accountPage, accountPagePaths } from '../../pages/account'
import { dashboard, dashboardPaths } from '../../pages/dashboard'
import { DOCUMENTATION, documentation } from '../../pages/docs'
import { type HomeOptions, homeAsset, homePage, homePaths, plainHomePage } from '../../pages/home'
import { logoResponse, themeCss } from '../../pages/look'
import type { PageSite } from '../../pages/next-steps'
import { assetResponse, styleAsset } from '../../pages/static'
import { swagger, swaggerPaths } from '../../pages/swagger'

export interface SiteOptions extends Omit<HomeOptions, 'path' | 'links'> {
  site: PageSite
  hasSwagger: boolean
  hasDashboard: boolean
  hasAccountPage: boolean
  hasDocumentation: boolean
  /** Of the brand. */
  logo: Parameters<typeof logoResponse>[0] | undefined
  /** Whether the mailbox is served for a request: then the start page is the one for developers. */
  isForDeveloper(request: Request): boolean
  /** The response for programs at `/`, where GoTrue has nothing. */
  notFoundResponse(request: Request): Promise<Response>
}

const hidden = { detail: { hide: true } }

export function site({ site: shown, isForDeveloper, notFoundResponse, ...options }: SiteOptions) {
  const { hasSwagger, hasDashboard, hasAccountPage, hasDocumentation, logo, ...home } = options
  const links: HomeOptions['links'] = [
    ...(hasDashboard
      ? ([['/dashboard', 'Dashboard', 'users, activity and settings, for administrators']] as const)
      : []),
    ...(hasAccountPage ? ([['/account', 'Account page', 'sign-in and the own account, for your users']] as const) : []),
    ...(hasDocumentation ? ([[DOCUMENTATION, 'Documentation', 'guides and reference, with a search']] as const) : []),
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
  app.get(
    '/',
    async ({ request, route }) => {
      if (!isFromBrowser(request)) return notFoundResponse(request)
      requestContextOf(request).route = route
      const answer = isForDeveloper(request)
        ? homePage({ ...home, path: route, hasDocumentation, links })
        : plainHomePage({ site: shown, path: route, languages: requestContextOf(request).client().languages })
      answer.headers.append('Vary', 'Accept')
      return answer
    },
    hidden,
  )
  const pages = [
    ...pagesOf(homePaths, homeAsset),
    ...(hasAccountPage ? [...accountPages, themeOf(shown.brand.accent)] : []),
    // Mails have it without the page as well.
    ...(logo === undefined ? [] : [[LOGO_PATH, () => logoResponse(logo)] as const]),
    ...(hasDashboard ? dashboardPages : []),
    ...(hasSwagger ? pagesOf(swaggerPaths, swagger) : []),
  ]
  addPages(app, pages)
  if (hasDocumentation) addDocumentation(app)
  return {
    app,
    /** Paths and patterns of the routes. */
    paths: ['/', ...pages.map(([path]) => path), ...(hasDocumentation ? documentationPaths : [])],
    isDocumentation: (path: string) => hasDocumentation && isBelow(path, DOCUMENTATION),
  }
}

const documentationPaths = [DOCUMENTATION, `${DOCUMENTATION}/*`, '/llms.txt']

function addDocumentation(app: Elysia): void {
  for (const path of documentationPaths)
    app.get(
      path,
      ({ request, route }) => {
        requestContextOf(request).route = route
        return documentation(targetOf(request).path, request.headers)
      },
      hidden,
    )
}

/** The dashboard alone, for a listener of its own. */
export function dashboardSite() {
  const app = new Elysia(ROUTING)
  addPages(app, dashboardPages)
  return { app, paths: dashboardPaths }
}

type Page = readonly [path: string, answer: (request: Request) => Response | undefined]

const pagesOf = (paths: readonly string[], answer: (path: string) => Response | undefined): Page[] =>
  paths.map((path) => [path, () => answer(path)])

const dashboardPages = pagesOf(dashboardPaths, dashboard)

const accountPages: Page[] = [
  ...pagesOf(accountAssetPaths, accountAsset),
  ...accountPagePaths.map((path): Page => [path, (request) => accountPage(path, languagesOf(request))]),
]

function themeOf(accent: Accent | undefined): Page {
  const theme = styleAsset(themeCss(accent))
  return ['/account/theme.css', () => assetResponse(theme)]
}

/** The language in the address first, then those of the browser. */
function languagesOf(request: Request): string[] {
  const asked = queryParametersOf(request).get('lang')
  return [...(asked === null ? [] : [asked]), ...requestContextOf(request).client().languages]
}

function addPages(app: Elysia, pages: readonly Page[]): void {
  for (const [path, answer] of pages)
    app.get(
      path,
      ({ request, route }) => {
        requestContextOf(request).route = route
        return answer(request)
      },
      hidden,
    )
}
