/** The list of users: search, filters, and new accounts. */
import { get, post } from './api.js'
import { html, useEffect, useRef, useState } from './lib.js'
import { go, hashOf, read } from './route.js'
import {
  Badge,
  Dialog,
  Field,
  Loaded,
  parseObject,
  Table,
  Time,
  toast,
  toastError,
  useDialog,
  useMore,
  View,
} from './ui.js'

const PER_PAGE = 50
const TYPING_MS = 250

const ANY = ['', 'Any']
/** Every account has it, without a grant. */
export const IMPLICIT_ROLE = 'user'
const FILTERS = [
  {
    name: 'status',
    label: 'Status',
    options: [
      ANY,
      ['confirmed', 'Confirmed'],
      ['unconfirmed', 'Not confirmed'],
      ['banned', 'Banned'],
      ['anonymous', 'Anonymous'],
      ['second_factor', 'With second factor'],
      ['no_second_factor', 'Without second factor'],
    ],
  },
  { name: 'role', label: 'Role' },
  { name: 'provider', label: 'Provider' },
  {
    name: 'since',
    label: 'Created',
    options: [ANY, ['1', 'Last 24 hours'], ['7', 'Last 7 days'], ['30', 'Last 30 days'], ['365', 'Last year']],
  },
  {
    name: 'sort',
    label: 'Order',
    options: [
      ['', 'Newest first'],
      ['created_at asc', 'Oldest first'],
      ['last_sign_in_at desc', 'Last sign-in'],
    ],
  },
]

const STATUS = {
  confirmed: { confirmed: true },
  unconfirmed: { confirmed: false },
  banned: { banned: true },
  anonymous: { anonymous: true },
  second_factor: { second_factor: true },
  no_second_factor: { second_factor: false },
}

const DAY_MS = 86_400_000

/** The parameters of a search, from those of the address. */
const searchOf = ({ q, status, role, provider, since, sort }) => ({
  q,
  role,
  provider,
  sort,
  ...STATUS[status],
  // Whole minutes, so that drawing the page again asks for the same.
  created_since: since && new Date(Math.floor(Date.now() / 60_000) * 60_000 - Number(since) * DAY_MS).toISOString(),
  limit: PER_PAGE,
})

export function nameOf(user) {
  const { full_name: full, name } = user.user_metadata ?? {}
  return [full, name].find((each) => typeof each === 'string' && each !== '') ?? ''
}

export const identifierOf = (user) =>
  user.email || (user.phone && `+${user.phone}`) || user.username || (user.is_anonymous ? 'Anonymous user' : user.id)

export const isBanned = ({ banned_until: until }) => until !== undefined && new Date(until) > new Date()

export function StatusBadges({ user }) {
  const badges = []
  if (user.deleted_at) badges.push(['bad', 'Deleted'])
  if (isBanned(user)) badges.push(['bad', 'Banned'])
  if (user.is_anonymous) badges.push(['info', 'Anonymous'])
  else if (!user.confirmed_at && !user.deleted_at) badges.push(['warn', 'Not confirmed'])
  if (badges.length === 0) badges.push(['ok', 'Active'])
  return html`<span class="badges">${badges.map(([tone, text]) => html`<${Badge} tone=${tone}>${text}<//>`)}</span>`
}

const providersOf = ({ app_metadata: { providers, provider } = {} }) =>
  (Array.isArray(providers) ? providers : [provider]).filter((each) => typeof each === 'string').join(', ')

const COLUMNS = [
  {
    name: 'User',
    isMain: true,
    cell: (user) =>
      html`<a href=${`#/users/${user.id}`}>${identifierOf(user)}</a>${nameOf(user) && html`<div class="muted small-text">${nameOf(user)}</div>`}`,
  },
  { name: 'Status', cell: (user) => html`<${StatusBadges} user=${user} />` },
  { name: 'Signs in with', cell: (user) => providersOf(user) || '–' },
  { name: 'Created', cell: (user) => html`<${Time} value=${user.created_at} isShort />` },
  { name: 'Last sign-in', cell: (user) => html`<${Time} value=${user.last_sign_in_at} isShort none="Never" />` },
]

/** The roles and providers that this server has. */
function useChoices() {
  const [choices, setChoices] = useState({ role: [ANY], provider: [ANY] })
  useEffect(() => {
    const load = async () => {
      const [{ roles }, { external }, custom] = await Promise.all([
        get('/admin/roles'),
        get('/settings'),
        get('/admin/custom-providers').catch(() => ({ providers: [] })),
      ])
      const builtIn = Object.keys(external).filter((name) => external[name] && name !== 'anonymous_users')
      const providers = [...builtIn, ...custom.providers.map(({ identifier }) => identifier)]
      const options = (names) => [ANY, ...names.map((name) => [name, name])]
      setChoices({ role: options(roles.filter((role) => role !== IMPLICIT_ROLE)), provider: options(providers) })
    }
    load().catch(toastError)
  }, [])
  return choices
}

export function UsersView({ route }) {
  const { query } = route
  const [dialog, open] = useDialog()
  const { state, items, more } = useMore('/admin/users/search', searchOf(query))
  const choices = useChoices()
  const search = useRef()
  // The field is changed by a link or the history, but not under the hand of the user.
  useEffect(() => {
    if (document.activeElement !== search.current) search.current.value = query.q ?? ''
  }, [query.q])
  const change = (name, value, options) => go(hashOf('/users', { ...read().query, [name]: value }), options)
  const timer = useRef()
  // What was typed last would lead back from the view that is opened next.
  useEffect(() => () => clearTimeout(timer.current), [])
  const typed = (value) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => change('q', value, { replace: true }), TYPING_MS)
  }
  // From the field into the list, in which the arrow keys go on.
  const enterList = (event) => {
    const first = event.key === 'ArrowDown' && document.querySelector('main .main-cell a')
    if (!first) return
    event.preventDefault()
    first.focus()
  }
  return html`<${View}
    title="Users"
    actions=${html`
      <button type="button" onClick=${() => open((close) => html`<${InviteDialog} onClose=${close} onDone=${state.reload} />`)}>Invite</button>
      <button type="button" class="primary" onClick=${() => open((close) => html`<${CreateDialog} onClose=${close} />`)}>Create user</button>
    `}
  >
    <search class="filters">
      <div class="field full">
        <label for="user-search">Search <span class="muted">(press /)</span></label>
        <input id="user-search" type="search" placeholder="Address, phone, username, name or id" ref=${search} onInput=${({ target }) => typed(target.value)} onKeyDown=${enterList} autocomplete="off" autocapitalize="off" spellcheck="false" />
      </div>
      ${FILTERS.map(
        ({ name, label, options = choices[name] }) =>
          html`<${Field} key=${name} label=${label} type="select" options=${options} value=${query[name] ?? ''} onChange=${({ target }) => change(name, target.value)} />`,
      )}
    </search>
    <${Loaded} state=${state}>${() => html`
      <${Table} caption="Users" columns=${COLUMNS} rows=${items} rowKey=${({ id }) => id} empty=${more ? 'No user matches so far.' : 'No user matches.'} />
      <p class="visually-hidden" role="status">${items.length} users shown</p>
    `}<//>
    ${more}
    ${dialog}
  <//>`
}

const optional = (value) => (value.trim() === '' ? undefined : value.trim())

function CreateDialog({ onClose }) {
  const submit = async (values) => {
    const user = await post('/admin/users', {
      email: optional(values.email),
      phone: optional(values.phone),
      password: values.password === '' ? undefined : values.password,
      email_confirm: values.confirm,
      phone_confirm: values.confirm && optional(values.phone) !== undefined,
      user_metadata: parseObject(values.metadata, 'User metadata'),
    })
    toast('The user was created.')
    go(`#/users/${user.id}`)
  }
  return html`<${Dialog} title="Create a user" submit="Create" onSubmit=${submit} onClose=${onClose}>
    <${Field} label="Email address" name="email" type="email" autocomplete="off" autofocus />
    <${Field} label="Phone number" name="phone" type="tel" autocomplete="off" hint="With country code, such as +15551234567." />
    <${Field} label="Password" name="password" type="password" autocomplete="new-password" hint="Without one, the user sets it by a password reset." />
    <${Field} label="User metadata" name="metadata" type="json" rows="4" initial="{}" />
    <${Field} label="Confirm the address without a mail" name="confirm" type="checkbox" initial=${true} />
  <//>`
}

function InviteDialog({ onClose, onDone }) {
  const submit = async ({ email, metadata }) => {
    await post('/invite', { email: email.trim(), data: parseObject(metadata, 'User metadata') })
    toast(`The invitation to ${email.trim()} is on its way.`)
    onDone()
  }
  return html`<${Dialog} title="Invite a user" submit="Send invitation" onSubmit=${submit} onClose=${onClose}>
    <${Field} label="Email address" name="email" type="email" autocomplete="off" required autofocus />
    <${Field} label="User metadata" name="metadata" type="json" rows="4" initial="{}" />
  <//>`
}
