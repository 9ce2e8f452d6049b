/** The description of an endpoint in the OpenAPI document, in addition to the schemas of its responses. */
import { type TObject, Type, TypeGuard } from '@sinclair/typebox'
import { withCaptchaField } from './captcha'
import type { Endpoint } from './endpoint'

/** The prefix that clients add themselves, left out of operation names. */
const DEFAULT_PREFIX = '/auth/v1'

/** The OpenAPI operation id, for example `postAdminUsers`. Operation ids must be unique (OpenAPI 3.1 §4.8.10). */
const operationId = (method: string, path: string) =>
  `${method.toLowerCase()}${path.replace(/\/?[^a-z]+(\w)/gi, (_, letter) => letter.toUpperCase())}`

export function documentation(each: Endpoint, prefix: string): object {
  const { method, path, access, body, captcha, isBodyOptional, query = {}, tag, summary, description } = each
  const security = {
    anyone: [],
    user: [{ userToken: [] }],
    admin: [{ secretKey: [] }, { userToken: [] }],
    federated: [{ userToken: [] }],
  }[access]
  const parameters = Object.entries(query).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !TypeGuard.IsOptional(schema),
    description: schema.description,
    schema: { ...schema, description: undefined },
  }))
  const forms = (each.forms ?? [body]).map((form) => (captcha ? withCaptchaField(form, captcha) : form))
  const schema = forms.length > 1 ? Type.Union(forms as TObject[]) : forms[0]
  return {
    operationId: operationId(method, prefix === DEFAULT_PREFIX ? path : `${prefix}${path}`),
    tags: [tag],
    summary,
    ...(description && { description }),
    security,
    ...(parameters.length > 0 && { parameters }),
    ...(schema && {
      requestBody: { required: body !== undefined && !isBodyOptional, content: { 'application/json': { schema } } },
    }),
  }
}
