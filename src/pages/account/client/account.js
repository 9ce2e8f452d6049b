/** The account of the user who is signed in: navigation, and the view that the address names. */
import { currentSession, signOut } from './api.js'
import { applicationName, asked } from './application.js'
import { t } from './i18n.js'
import { html, useEffect, useRef, useState } from './lib.js'
import { Notifications } from './notifications.js'
import { hrefOf, useRoute } from './route.js'
import { settings } from './settings.js'
import { Before, Brand, Failure, Icon, LanguageSelect, nameOfUser, Spinner, useTitle } from './ui.js'

/**
 * The name in the address → the key of the view's name, and its module, which is loaded when the view is opened and
 * exports it as `View`.
 */
const VIEWS = {
  '': { name: 'overview.title', load: () => import('./overview.js') },
  contacts: { name: 'contacts.title', load: () => import('./contacts.js') },
  password: { name: 'password.title', load: () => import('./password.js') },
  passkeys: {
    name: 'passkeys.title',
    load: () => import('./passkeys.js'),
    isOffered: () => settings.public.passkeys_enabled,
  },
  factors: { name: 'factors.title', load: () => import('./factors.js') },
  identities: { name: 'identities.title', load: () => import('./identities.js') },
  sessions: { name: 'sessions.title', load: () => import('./sessions.js') },
  data: { name: 'data.title', load: () => import('./data.js') },
}

const offeredViews = () => Object.entries(VIEWS).filter(([, { isOffered }]) => isOffered?.() ?? true)

function Navigation({ active }) {
  return html`<nav aria-label=${t('common.account')}>
    <ul>
      ${offeredViews().map(
        ([path, { name }]) =>
          html`<li key=${path}><a href=${hrefOf(path)} aria-current=${path === active ? 'page' : undefined}>${t(name)}</a></li>`,
      )}
    </ul>
  </nav>`
}

/** Loads a view once, and shows it. */
function LazyView({ path }) {
  const [state, setState] = useState({})
  useEffect(() => {
    let isCurrent = true
    VIEWS[path].load().then(
      ({ View }) => isCurrent && setState({ path, View }),
      (error) => isCurrent && setState({ path, error }),
    )
    return () => {
      isCurrent = false
    }
  }, [path])
  if (state.path !== path) return html`<${Spinner} />`
  return state.error ? html`<${Failure} error=${state.error} />` : html`<${state.View} />`
}

/** @param problem the key of a text, or an error, from the way back to this page */
export function AccountFrame({ problem, onLanguage }) {
  const route = useRoute()
  const active = Object.hasOwn(VIEWS, route) ? route : ''
  const main = useRef()
  const isFirst = useRef(true)
  useTitle(t(VIEWS[active].name))
  // A screen reader announces the new view, as it would a new page.
  useEffect(() => {
    if (isFirst.current) isFirst.current = false
    else main.current.focus({ preventScroll: true })
    scrollTo(0, 0)
    // On a phone the navigation is one line that scrolls.
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [active])
  return html`<div class="account">
    <header class="top">
      <${Brand} />
      <div class="actions">
        <p class="who"><${Icon} name="person" />${nameOfUser(currentSession().user)}</p>
        <button type="button" onClick=${() => signOut()}><${Icon} name="out" />${t('common.signOut')}</button>
      </div>
    </header>
    <div class="columns">
      <${Navigation} active=${active} />
      <main ref=${main} tabindex="-1">
        ${
          settings.account.is_redirect_allowed &&
          html`<p><a class="back" href=${asked.redirectTo}><${Icon} name="back" />${t('common.backTo', { app: applicationName })}</a></p>`
        }
        ${problem && html`<${Before} problem=${problem} />`}
        <${LazyView} path=${active} />
      </main>
    </div>
    <footer><${LanguageSelect} onChange=${onLanguage} /></footer>
    <${Notifications} />
  </div>`
}
