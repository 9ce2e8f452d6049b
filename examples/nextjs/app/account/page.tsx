import { redirect } from 'next/navigation'
import { Suspense } from 'react'
import { createClient } from '@/lib/supabase'
import { signOut } from '../actions'
import { PasswordForm } from './password-form'

export default function AccountPage() {
  return (
    <main>
      <h1>Account</h1>
      <Suspense>
        <User />
      </Suspense>
      <PasswordForm />
      <form action={signOut}>
        <button>Sign out</button>
      </form>
    </main>
  )
}

async function User() {
  const { auth } = await createClient()
  // Unlike getSession(), this verifies the token in the cookie.
  const { data } = await auth.getClaims()
  if (!data) redirect('/login')
  return (
    <p>
      Signed in as <strong>{data.claims.email}</strong>.
    </p>
  )
}
