/** Previews of mails in the admin API (docs/admin-api.md#server). */
import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { errors } from './schemas'

const PATH = '/admin/mail-templates'
const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

export const listMailTemplates = endpoint({
  ...shared,
  method: 'GET',
  path: PATH,
  summary: 'The mail templates',
  responses: {
    200: Type.Object(
      {
        items: Type.Array(Type.Object({ name: Type.String() })),
        locales: Type.Array(Type.String(), { description: 'Languages of the built-in mails.' }),
      },
      { $id: 'MailTemplates' },
    ),
    ...errors(401, 403),
  },
  handle: ({ core }) => {
    const { templates, languages } = core.listMailTemplates()
    return { items: templates.map((name) => ({ name })), locales: [...languages] }
  },
})

export const previewMailTemplate = endpoint({
  ...shared,
  method: 'GET',
  path: `${PATH}/:name/preview`,
  query: { locale: Type.Optional(Type.String({ description: 'A language tag such as `de`.' })) },
  summary: 'A mail with sample data',
  description: 'The link and the code in it do not work. Show the HTML in an iframe with an empty `sandbox`.',
  responses: {
    200: Type.Object(
      {
        name: Type.String(),
        locale: Type.Union([Type.String(), Type.Null()]),
        subject: Type.String(),
        html: Type.String(),
        text: Type.String(),
      },
      { $id: 'MailPreview' },
    ),
    ...errors(401, 403, 404),
  },
  handle: ({ core, params: { name }, query: { locale } }) => {
    const { subject, html, text } = core.previewMail({ name, language: locale || undefined })
    return { name, locale: locale || null, subject, html, text }
  },
})
