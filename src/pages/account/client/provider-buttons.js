/** Buttons of the providers, in the order of the settings, then the custom ones. */
import { t } from './i18n.js'
import { html } from './lib.js'
import { goToProvider, methods } from './methods.js'
import { providers } from './providers.js'
import { useAction } from './ui.js'

export function ProviderButtons({ onProblem }) {
  const [isBusy, run] = useAction()
  const offered = providers()
  if (offered.length === 0) return null
  const choose = (id) => run(() => goToProvider(id).catch(onProblem))
  return html`
    <div class=${`ways ${offered.length > 3 ? 'many' : ''}`}>
      ${offered.map(
        ({ id, name }) =>
          html`<button key=${id} type="button" aria-disabled=${isBusy ? 'true' : undefined} onClick=${() => choose(id)}><span class="mark" aria-hidden="true">${[...name][0]}</span><span>${offered.length > 3 ? name : t('signIn.withProvider', { name })}</span></button>`,
      )}
    </div>
    ${(methods.email() || methods.phone()) && html`<p class="or"><span>${t('signIn.orElse')}</span></p>`}
  `
}
