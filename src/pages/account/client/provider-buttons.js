/** Buttons of the providers, in the order of the settings, then the custom ones. */
import { t } from './i18n.js'
import { html } from './lib.js'
import { goToProvider, methods } from './methods.js'
import { settings } from './settings.js'
import { useAction } from './ui.js'

/** How providers call themselves. */
const NAMES = {
  azure: 'Microsoft',
  fly: 'Fly.io',
  github: 'GitHub',
  gitlab: 'GitLab',
  linkedin: 'LinkedIn',
  linkedin_oidc: 'LinkedIn',
  slack_oidc: 'Slack',
  twitter: 'Twitter',
  workos: 'WorkOS',
}

const OTHERS = ['anonymous_users', 'email', 'phone']

const nameOf = (id) => NAMES[id] ?? id.charAt(0).toUpperCase() + id.slice(1)

/** `[{ id, name }]` of what is on. */
export function enabledProviders() {
  const builtIn = Object.entries(settings.public.external)
    .filter(([id, isOn]) => isOn && !OTHERS.includes(id))
    .map(([id]) => ({ id, name: nameOf(id) }))
  return [...builtIn, ...settings.account.sign_in.custom_providers]
}

export function ProviderButtons({ onProblem }) {
  const [isBusy, run] = useAction()
  const providers = enabledProviders()
  if (providers.length === 0) return null
  const choose = (id) => run(() => goToProvider(id).catch(onProblem))
  return html`
    <div class=${`ways ${providers.length > 3 ? 'many' : ''}`}>
      ${providers.map(
        ({ id, name }) =>
          html`<button key=${id} type="button" aria-disabled=${isBusy ? 'true' : undefined} aria-label=${t('signIn.withProvider', { name })} onClick=${() => choose(id)}><span class="mark" aria-hidden="true">${[...name][0]}</span><span>${providers.length > 3 ? name : t('signIn.withProvider', { name })}</span></button>`,
      )}
    </div>
    ${(methods.email() || methods.phone()) && html`<p class="or"><span>${t('signIn.orElse')}</span></p>`}
  `
}
