function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is missing. Write it with: latchkey status -o env > .env.local`)
  return value
}

/** What `latchkey status -o env` prints, and the port of this API. */
export const env = {
  serverUrl: required('SUPABASE_URL'),
  publishableKey: required('SUPABASE_PUBLISHABLE_KEY'),
  port: Number(process.env.PORT ?? 3001),
}
