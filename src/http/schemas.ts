/** Schemas that surfaces share. */
import { type StringOptions, type TObject, type TSchema, Type } from '@sinclair/typebox'

/** The error responses of an endpoint, for its documentation. */
export const errorsOf =
  <Shape extends TSchema>(shape: Shape) =>
  (...statuses: number[]): Record<number, Shape> =>
    Object.fromEntries(statuses.map((status) => [status, shape]))

interface BodyOptions<Name> {
  example: object
  /** The members without which the core refuses every request. For the documentation: the decoder requires none. */
  required?: Name[]
}

/** The body of an endpoint. */
export const body = <Fields extends TObject['properties']>(
  id: string,
  fields: Fields,
  { example, required = [] }: BodyOptions<keyof Fields & string>,
): TObject<Fields> => Type.Object(fields, { $id: id, examples: [example], ...(required.length > 0 && { required }) })

/** An optional text field; the core decides whether it is required. */
export const text = (description?: string) =>
  Type.Optional(Type.String(description === undefined ? {} : { description }))

/** An optional text field with one of a few values, which the core checks. */
export const choice = (values: readonly string[], description?: string) =>
  Type.Optional(Type.String({ enum: [...values], ...(description !== undefined && { description }) }))

/** A text in a response that has one of a few values. */
export const oneOf = <const Value extends string>(values: readonly Value[], options: StringOptions = {}) =>
  Type.Unsafe<Value>(Type.String({ enum: [...values], ...options }))

/** The codes of a surface's errors, each once. */
export const errorCodes = (codes: readonly string[]) => [...new Set(codes)].sort()

/** A response that is not JSON, but a page or a script. */
export const textOf = (contentMediaType: string) => Type.String({ contentMediaType })

/** Of `POST /auth/v1/logout` with a token of `POST /auth/v1/login`: two surfaces describe that path. */
export const SignedOutShape = Type.Object(
  { success: Type.Literal(true), message: Type.String() },
  { $id: 'FederationSignedOut' },
)
