import Link from 'next/link'

export default function Home() {
  return (
    <main>
      <h1>Home</h1>
      <p>Anyone can see this page.</p>
      <Link href="/account">Account</Link>
    </main>
  )
}
