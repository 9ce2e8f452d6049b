/** Content negotiation for every surface: people get pages and programs get JSON, by the Accept header. */
import type { Reason } from '../core/kernel/refusal'
import { prefersPage } from '../lib/accept'
import { requestContextOf } from './request-context'
import { targetOf } from './target'

/** Input of the error page. */
export interface ErrorDetails {
  /** Of the request. */
  path: string
  status: number
  reason: Reason | undefined
  code: string | undefined
  /** The same if it has a page in the documentation. */
  documentedCode: string | undefined
  message: string | undefined
  requestId: string
  retryAfterSeconds: number | undefined
  languages: readonly string[]
  headers: Record<string, string>
}

/**
 * Whether a browser navigates or posts a form. A request with a token, an API key or a JSON body comes from a program
 * regardless of Accept, because neither a link nor a form can send one.
 */
export function isFromBrowser({ method, headers }: Request): boolean {
  const mode = headers.get('sec-fetch-mode')
  const isNavigation = mode === null || mode === 'navigate'
  const type = headers.get('content-type') ?? ''
  const isProgram = headers.has('apikey') || /^bearer\b/i.test(headers.get('authorization') ?? '') || /json/i.test(type)
  return /^(GET|HEAD|POST)$/.test(method) && isNavigation && !isProgram && prefersPage(headers.get('accept'))
}

/** Headers kept on the page as on the JSON response it replaces. */
const KEPT_HEADERS = ['allow', 'retry-after', 'x-sb-error-code', 'www-authenticate']

/** @param renderPage renders the page @returns a hook that answers errors with pages if the client is a browser */
export function errorPages(renderPage: (problem: ErrorDetails) => Response) {
  return async (request: Request, response: Response): Promise<Response> => {
    // For caches. A response with an Origin varies by that origin (`cors.ts`), and a navigation has none.
    if (!request.headers.has('origin')) response.headers.append('Vary', 'Accept')
    if (isPage(response) || !isFromBrowser(request)) return response
    const { id, refusal, errorCode, client } = requestContextOf(request)
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    const shown = renderPage({
      path: targetOf(request).path,
      status: response.status,
      reason: refusal?.reason,
      requestId: id,
      documentedCode: errorCode,
      languages: client().languages,
      ...(await readError(response)),
      retryAfterSeconds: Number.isNaN(seconds) ? undefined : seconds,
      headers: Object.fromEntries([...response.headers].filter(([name]) => KEPT_HEADERS.includes(name))),
    })
    shown.headers.append('Vary', 'Accept')
    return shown
  }
}

const isPage = ({ headers }: Response) => headers.get('content-type')?.startsWith('text/html') ?? false

/** Code and message of an error, in the shape of any surface. */
async function readError(response: Response): Promise<Pick<ErrorDetails, 'code' | 'message'>> {
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  const body: Record<string, unknown> = isJson ? ((await response.json()) as Record<string, unknown>) : {}
  const texts = (names: string[]) => names.map((name) => body[name]).find((value) => typeof value === 'string')
  return {
    code: texts(['error_code', 'code', 'reason', 'error']) as string | undefined,
    message: texts(['msg', 'message', 'error_description']) as string | undefined,
  }
}
