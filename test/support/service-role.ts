import { SignJWT } from 'jose'

/** A token of the admin API, as Supabase's dashboard makes them from the JWT secret. */
export const serviceRoleToken = (secret: string): Promise<string> =>
  new SignJWT({ role: 'service_role' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret))
