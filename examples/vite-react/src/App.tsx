import type { Session } from '@supabase/supabase-js'
import { useEffect, useState } from 'react'
import { Account } from './Account.tsx'
import { SignIn } from './SignIn.tsx'
import { supabase } from './supabase.ts'

export default function App() {
  // Undefined until supabase-js has read the session, or the link in a mail that led here.
  const [session, setSession] = useState<Session | null>()

  useEffect(() => {
    const { data } = supabase.auth.onAuthStateChange((_event, session) => setSession(session))
    return () => data.subscription.unsubscribe()
  }, [])

  if (session === undefined) return null
  return session ? <Account email={session.user.email} /> : <SignIn />
}
