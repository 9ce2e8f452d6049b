import type { Metadata } from 'next'
import './style.css'

export const metadata: Metadata = { title: 'Latchkey', icons: 'data:,' }

export default function RootLayout({ children }: LayoutProps<'/'>) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
