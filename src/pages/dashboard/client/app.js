/** The frame of the dashboard: sign-in, navigation, and the view that the address names. */
import { ActivityView } from './activity.js'
import { currentSession, joinTabs, onSessionChange, signOut } from './api.js'
import { AuditView } from './audit.js'
import { EventsView } from './events.js'
import { HealthView } from './health.js'
import { ROOT } from './http.js'
import { KeysView } from './keys.js'
import { html, render, useEffect, useLayoutEffect, useRef, useState } from './lib.js'
import { LimitsView } from './limits.js'
import { MessagesView } from './messages.js'
import { ProvidersView } from './providers.js'
import { useRoute } from './route.js'
import { SettingsView } from './settings.js'
import { needsFactor, SignIn } from './sign-in.js'
import { TemplatesView } from './templates.js'
import { Icon, Notice, Toasts, View } from './ui.js'
import { UserView } from './user.js'
import { UsersView } from './users.js'
import { WhyView } from './why.js'

/** The first part of a route → its name and view. */
const VIEWS = {
  users: {
    group: 'Accounts',
    name: 'Users',
    view: ({ route }) =>
      route.parts[1]
        ? html`<${UserView} key=${route.parts[1]} id=${route.parts[1]} />`
        : html`<${UsersView} route=${route} />`,
  },
  activity: { group: 'Accounts', name: 'Activity', view: ActivityView },
  why: { group: 'Accounts', name: 'Refusals', view: WhyView },
  audit: { group: 'Accounts', name: 'Audit log', view: AuditView },
  messages: { group: 'Delivery', name: 'Messages', view: MessagesView },
  events: { group: 'Delivery', name: 'Events', view: EventsView },
  templates: { group: 'Delivery', name: 'Mail templates', view: TemplatesView },
  limits: { group: 'Server', name: 'Rate limits', view: LimitsView },
  providers: { group: 'Server', name: 'Providers', view: ProvidersView },
  keys: { group: 'Server', name: 'Signing keys', view: KeysView },
  settings: { group: 'Server', name: 'Settings', view: SettingsView },
  health: { group: 'Server', name: 'Health', view: HealthView },
}

const GROUPS = [...new Set(Object.values(VIEWS).map(({ group }) => group))]

function Navigation({ active, onChosen }) {
  const session = currentSession()
  return html`<nav class="side" aria-label="Dashboard">
    <a class="brand" href="#/users"><img src=${`${ROOT}favicon.svg`} alt="" />Latchkey</a>
    ${GROUPS.map(
      (group) => html`<div key=${group}>
        <h2>${group}</h2>
        <ul>
          ${Object.entries(VIEWS)
            .filter(([, entry]) => entry.group === group)
            .map(
              ([path, { name }]) => html`<li key=${path}>
                <a href=${`#/${path}`} aria-current=${path === active ? 'page' : undefined} onClick=${onChosen}><${Icon} name=${path} />${name}</a>
              </li>`,
            )}
        </ul>
      </div>`,
    )}
    <div class="account">
      <p title=${session.user.email}><span class="visually-hidden">Signed in as </span>${session.user.email || session.user.id}</p>
      <${DocumentationLink} />
      <div class="actions">
        <${ThemeButton} />
        <button type="button" class="small" onClick=${() => signOut()}><${Icon} name="out" />Sign out</button>
      </div>
    </div>
  </nav>`
}

/** Shown if this server has the documentation (`AUTH_DOCS`). */
function DocumentationLink() {
  const [isServed, setServed] = useState(false)
  useEffect(() => {
    fetch(`${ROOT}docs`, { method: 'HEAD' })
      .then(({ ok }) => setServed(ok))
      .catch(() => {})
  }, [])
  return isServed && html`<a href=${`${ROOT}docs`}>Documentation</a>`
}

const THEME = 'latchkey-dashboard-theme'

function applyTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme
  else delete document.documentElement.dataset.theme
}

function storedTheme() {
  try {
    const theme = localStorage.getItem(THEME)
    return theme === 'light' || theme === 'dark' ? theme : undefined
  } catch {
    return undefined
  }
}
applyTheme(storedTheme())

/** Changes to the other theme, and goes back to the system's when both are equal. */
function ThemeButton() {
  const [, redraw] = useState()
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  const next = (document.documentElement.dataset.theme ?? system) === 'dark' ? 'light' : 'dark'
  const change = () => {
    applyTheme(next === system ? undefined : next)
    try {
      if (next === system) localStorage.removeItem(THEME)
      else localStorage.setItem(THEME, next)
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    redraw({})
  }
  return html`<button type="button" class="small" onClick=${change}><${Icon} name="theme" />${next === 'dark' ? 'Dark' : 'Light'}</button>`
}

function Frame() {
  const route = useRoute()
  const [isOpen, setOpen] = useState(false)
  const main = useRef()
  const isFirst = useRef(true)
  const [active] = route.parts
  // Before the new view is shown: later it could close a menu that was opened there.
  useLayoutEffect(() => setOpen(false), [route.path])
  // A screen reader announces the new view, as it would a new page.
  useEffect(() => {
    if (isFirst.current) isFirst.current = false
    else main.current.querySelector('h1')?.focus()
  }, [route.path])
  useEffect(() => {
    const keys = (event) => {
      if (event.key === 'Escape') setOpen(false)
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, textarea, select')) return
      const search = event.key === '/' && main.current.querySelector('input[type=search]')
      if (!search) return
      event.preventDefault()
      search.focus()
      search.select()
    }
    addEventListener('keydown', keys)
    return () => removeEventListener('keydown', keys)
  }, [])
  const { view } = (Object.hasOwn(VIEWS, active) && VIEWS[active]) || {}
  return html`
    <a class="skip" href="#content" onClick=${(event) => {
      event.preventDefault()
      main.current.querySelector('h1')?.focus()
    }}>Skip to the content</a>
    <div class=${`frame ${isOpen ? 'open' : ''}`} onClick=${(event) => event.target.matches('.frame, main, main *') && setOpen(false)}>
      <header class="top">
        <a class="brand" href="#/users"><img src=${`${ROOT}favicon.svg`} alt="" />Latchkey</a>
        <button type="button" class="plain" aria-expanded=${isOpen} aria-label="Menu" onClick=${() => setOpen(!isOpen)}><${Icon} name=${isOpen ? 'close' : 'menu'} /></button>
      </header>
      <${Navigation} active=${active} onChosen=${() => setOpen(false)} />
      <main id="content" ref=${main}>
        ${view ? html`<${view} route=${route} />` : html`<${View} title="Not found"><${Notice}>There is no such page. <a href="#/users">Users</a><//><//>`}
      </main>
    </div>
  `
}

function App() {
  const [session, setSession] = useState(() => (currentSession() && !needsFactor() ? currentSession() : undefined))
  const [reason, setReason] = useState()
  useEffect(
    () =>
      onSessionChange((why) => {
        setReason(why)
        setSession(undefined)
      }),
    [],
  )
  return html`
    ${session ? html`<${Frame} />` : html`<${SignIn} reason=${reason} onSignedIn=${() => setSession(currentSession())} />`}
    <${Toasts} />
  `
}

await joinTabs()
render(html`<${App} />`, document.getElementById('app'))
