/** URIs of Postgres functions, as GoTrue's settings of hooks name them. */

export interface FunctionName {
  schema: string
  name: string
}

const NAME = '[a-zA-Z_][a-zA-Z0-9_]{0,62}'
const FORM = new RegExp(`^pg-functions://[^/@?#]*/(?<schema>${NAME})/(?<name>${NAME})$`)

export const isFunctionUri = (uri: string): boolean => /^pg-functions:/i.test(uri)

/** @param uri `pg-functions://<anything>/<schema>/<function>` @returns undefined if it has another form */
export function parseFunctionUri(uri: string): FunctionName | undefined {
  const { schema, name } = FORM.exec(uri)?.groups ?? {}
  return schema === undefined || name === undefined ? undefined : { schema, name }
}
