import type { JwtPayload, SupabaseClient } from '@supabase/supabase-js'

declare global {
  namespace App {
    interface Locals {
      supabase: SupabaseClient
      /** Of the verified access token; null without a session. */
      claims: JwtPayload | null
    }
  }
}
