/** The bearer token of a request (RFC 6750 §2.1). */
export function bearerOf({ headers }: Request): string | undefined {
  return /^bearer (\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
}
