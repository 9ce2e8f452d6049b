/** A client without a cookie jar, like an Android or desktop application: plain HTTP (docs/other-surfaces.md#native-clients). */
interface Pair {
  accessToken: string
  accessTokenExpiresAt: string
  refreshToken: string
}

/** How long before its expiry a token is refreshed. */
const MARGIN_MS = 30_000

export class NativeClient {
  private pair: Pair | undefined
  private renewal: Promise<void> | undefined
  /** The number of refreshes. */
  renewals = 0

  constructor(
    private readonly url: string,
    private readonly now: () => number = Date.now,
  ) {}

  get isSignedIn(): boolean {
    return this.pair !== undefined
  }

  async signIn(email: string, password: string): Promise<number> {
    const answer = await this.post('/token', { grantType: 'password', email, password })
    if (answer.ok) this.pair = (await answer.json()) as Pair
    return answer.status
  }

  /** A request with a valid token, refreshed once for all concurrent requests; 401 means: sign in again. */
  async fetch(path: string): Promise<Response> {
    if (this.pair && Date.parse(this.pair.accessTokenExpiresAt) - this.now() < MARGIN_MS) await this.renew()
    return fetch(this.url + path, { headers: { authorization: `Bearer ${this.pair?.accessToken}` } })
  }

  async signOut(): Promise<number> {
    const { status } = await this.post('/logout', { refreshToken: this.pair?.refreshToken })
    this.pair = undefined
    return status
  }

  private renew(): Promise<void> {
    this.renewal ??= this.fetchPair().finally(() => {
      this.renewal = undefined
    })
    return this.renewal
  }

  private async fetchPair(): Promise<void> {
    const answer = await this.post('/refresh', { refreshToken: this.pair?.refreshToken })
    this.renewals++
    this.pair = answer.ok ? ((await answer.json()) as Pair) : undefined
  }

  private post(path: string, body: object): Promise<Response> {
    return fetch(`${this.url}/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }
}
