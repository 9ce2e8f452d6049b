/** The bearer token of a request (RFC 6750 §2.1). */
export function bearerOf({ headers }: Request): string | undefined {
  const header = headers.get('authorization')
  return header === null ? undefined : /^bearer (\S+)$/i.exec(header)?.[1]
}
