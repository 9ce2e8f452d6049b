/** Swagger UI served from the executable: nothing is loaded from elsewhere, and its CSP forbids it. */
import theirStyles from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }
import bundle from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }
import openapi from '../../../openapi.json' with { type: 'text' }
import { withIcon } from '../favicon'
import { withRoot } from '../links'
import { pagePolicy } from '../policy'
import page from './index.html' with { type: 'text' }
import init from './init.js.txt' with { type: 'text' }
import styles from './style.css' with { type: 'text' }

const POLICY = pagePolicy("img-src 'self' data:", "connect-src 'self'")

interface Asset {
  type: string
  body(): string | Blob
}

const text = (content: unknown) => () => String(content)
const file = (path: unknown) => () => Bun.file(String(path))

const html = withIcon(String(page))
const pageAt = (path: string) => ({ type: 'text/html; charset=utf-8', body: text(withRoot(html, path)) })

const assets: Record<string, Asset> = {
  '/swagger': pageAt('/swagger'),
  '/swagger/': pageAt('/swagger/'),
  '/swagger/init.js': { type: 'text/javascript; charset=utf-8', body: text(init) },
  '/swagger/style.css': { type: 'text/css; charset=utf-8', body: text(styles) },
  '/swagger/swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8', body: file(bundle) },
  '/swagger/swagger-ui.css': { type: 'text/css; charset=utf-8', body: file(theirStyles) },
  '/openapi.json': { type: 'application/json', body: text(openapi) },
}

export const swaggerPaths = Object.keys(assets)

/** The page, its assets or the document. @returns undefined for any other path */
export function swagger(path: string): Response | undefined {
  const asset = assets[path]
  if (!asset) return undefined
  return new Response(asset.body(), {
    headers: {
      'content-type': asset.type,
      'cache-control': 'no-cache',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
    },
  })
}

/** The embedded OpenAPI document. */
export const openapiText = String(openapi)
