import { Suspense } from 'react'
import { LoginForm } from './login-form'

export default function LoginPage({ searchParams }: PageProps<'/login'>) {
  return (
    <main>
      <h1>Sign in</h1>
      <Suspense>
        <Form searchParams={searchParams} />
      </Suspense>
    </main>
  )
}

async function Form({ searchParams }: Pick<PageProps<'/login'>, 'searchParams'>) {
  const { error } = await searchParams
  return <LoginForm message={error ? 'Email link is invalid or has expired' : ''} />
}
