import { defineConfig, devices } from '@playwright/test'

const latchkey = process.env.LATCHKEY ?? 'latchkey'
const authPort = process.env.AUTH_PORT ?? '7021'
const appPort = process.env.APP_PORT ?? '5173'
export const authUrl = `http://localhost:${authPort}`
const appUrl = `http://localhost:${appPort}`

/** Any text of this form will do: the server is reachable from this machine only, and its data is deleted. */
const publishableKey = 'sb_publishable_for_tests_only_0000000000'

export default defineConfig({
  testDir: 'tests',
  fullyParallel: true,
  workers: 4,
  retries: process.env.CI ? 1 : 0,
  use: {
    ...devices['Desktop Chrome'],
    baseURL: appUrl,
    trace: 'on-first-retry',
    // A Chromium of your own, instead of the one that `npx playwright install chromium` downloads.
    launchOptions: { executablePath: process.env.CHROMIUM },
  },
  webServer: [
    {
      name: 'Latchkey',
      // Playwright empties test-results before each run, so each run begins without accounts.
      command: `"${latchkey}" serve --port ${authPort} --data-dir test-results/latchkey`,
      url: `${authUrl}/health`,
      env: {
        AUTH_SITE_URL: appUrl,
        AUTH_PUBLISHABLE_KEY: publishableKey,
        AUTH_MAILER_AUTOCONFIRM: 'false',
        AUTH_RATE_LIMITS: 'off',
        AUTH_SMTP_MAX_FREQUENCY: '0',
      },
    },
    {
      name: 'App',
      command: `npm run dev -- --port ${appPort} --strictPort`,
      url: appUrl,
      env: { VITE_SUPABASE_URL: authUrl, VITE_SUPABASE_PUBLISHABLE_KEY: publishableKey },
    },
  ],
})
