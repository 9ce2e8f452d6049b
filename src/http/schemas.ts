/** Schemas that surfaces share. */
import { type TObject, type TSchema, Type } from '@sinclair/typebox'

/** The error responses of an endpoint, for its documentation. */
export const errorsOf =
  <Shape extends TSchema>(shape: Shape) =>
  (...statuses: number[]): Record<number, Shape> =>
    Object.fromEntries(statuses.map((status) => [status, shape]))

/** The body of an endpoint, with an example. */
export const body = <Fields extends TObject['properties']>(id: string, fields: Fields, example: object) =>
  Type.Object(fields, { $id: id, examples: [example] })

/** An optional text field; the core decides whether it is required. */
export const text = (description?: string) =>
  Type.Optional(Type.String(description === undefined ? {} : { description }))
