/** Creates the core from the settings: its ports, and the state that it keeps in memory. */
import { cpus } from 'node:os'
import { breachedPasswords } from '../adapters/breached-passwords'
import type { Secrets } from '../adapters/data-folder'
import { httpPost } from '../adapters/http-post'
import { passwordHasher } from '../adapters/password-hasher'
import { qrCode } from '../adapters/qr-code'
import { systemRandom } from '../adapters/system'
import type { Settings } from '../config'
import { type Core, createCore, type Deps } from '../core'
import type { BreachedPasswords, HttpPost, PasswordHasher, Peers, Provisioner, Random } from '../core/kernel/ports'
import { rateLimits } from '../core/kernel/rate-limits'
import { type HashingLimits, passwords } from '../core/passwords/passwords'
import { lostResponses } from '../core/sessions/lost-responses'
import { auditKeyOf } from './keys'
import { captchaVerifierOf, oauthProvidersOf, type ProviderAccess, peersOf, provisionerOf } from './providers'
import { smsProviderOf } from './sms'

/** What tests replace. */
export interface ReplacedPorts extends ProviderAccess {
  random?: Random
  hasher?: PasswordHasher
  post?: HttpPost
  breached?: BreachedPasswords
  peers?: Peers
  provisioner?: Provisioner
  captchaOrigin?: string
}

type Given =
  | 'store'
  | 'clock'
  | 'sealer'
  | 'policy'
  | 'apiKeys'
  | 'keyring'
  | 'templates'
  | 'background'
  | 'report'
  | 'clockWatch'
  | 'callFunction'
  | 'activity'
  | 'observeHook'
  | 'observeEvent'
  | 'backupStatus'

export interface CoreOptions extends Pick<Deps, Given> {
  settings: Settings
  secrets: Secrets
  replaced: ReplacedPorts
  /** Undefined if there are no metrics. */
  observeHash?: HashingLimits['observe']
}

export function coreOf({ settings, secrets, replaced, observeHash, ...given }: CoreOptions): Core {
  const { clock, policy, store } = given
  const { accounts } = settings
  const { random = systemRandom, post = httpPost } = replaced
  return createCore({
    ...given,
    auditKey: auditKeyOf(settings, secrets),
    random,
    post,
    qrCode,
    providers: oauthProvidersOf(settings, clock, replaced),
    peers: replaced.peers ?? peersOf(settings),
    provisioner: replaced.provisioner ?? provisionerOf(settings),
    peppers: peppersOf(settings, secrets),
    limits: rateLimits(policy, clock, store.shared?.budgets(clock.now)),
    lostResponses: lostResponses(clock, store.shared?.lostResponses),
    passwords: passwords(replaced.hasher ?? passwordHasher(accounts), clock, {
      slots: Math.max(1, cpus().length - 1),
      queue: accounts.hashQueue,
      maxWaitMs: settings.server.maxRequestDurationMs,
      observe: observeHash,
    }),
    smsProvider: smsProviderOf(settings, post),
    breachedPasswords: accounts.breachCheck ? (replaced.breached ?? breachedPasswordsOf(settings)) : undefined,
    captchaVerifier: captchaVerifierOf(settings, replaced.captchaOrigin),
  })
}

const breachedPasswordsOf = ({ accounts }: Settings): BreachedPasswords =>
  breachedPasswords({ url: accounts.breachCheckUrl, userAgent: accounts.breachCheckUserAgent })

/** The current pepper and the previous one. */
function peppersOf({ tokens }: Settings, secrets: Secrets): [Buffer, ...Buffer[]] {
  const present = Buffer.from(tokens.tokenPepper ?? secrets.tokenPepper)
  return tokens.tokenPepperPrevious === undefined ? [present] : [present, Buffer.from(tokens.tokenPepperPrevious)]
}
