/** The list of users: search, and new accounts. */
import { post, request } from './api.js'
import { html, useEffect, useRef } from './lib.js'
import { go, hashOf, read } from './route.js'
import { Badge, Dialog, Field, Loaded, Pager, parseObject, Table, Time, toast, useDialog, useLoad, View } from './ui.js'

const PER_PAGE = 50
const TYPING_MS = 250

const ORDER = [
  ['', 'Newest first'],
  ['created_at asc', 'Oldest first'],
]

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

export function UsersView({ route }) {
  const { query } = route
  const [dialog, open] = useDialog()
  const page = Math.max(1, Number(query.page) || 1)
  const state = useLoad(
    async (signal) => {
      const { data, headers } = await request('GET', '/admin/users', {
        query: { filter: query.q, sort: query.sort, page, per_page: PER_PAGE },
        signal,
      })
      return { users: data.users, total: Number(headers.get('x-total-count')) }
    },
    [JSON.stringify(query)],
  )
  const search = useRef()
  // The field is changed by a link or the history, but not under the hand of the user.
  useEffect(() => {
    if (document.activeElement !== search.current) search.current.value = query.q ?? ''
  }, [query.q])
  const change = (name, value, options) =>
    go(hashOf('/users', { ...read().query, page: undefined, [name]: value }), options)
  const timer = useRef()
  const typed = (value) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => change('q', value, { replace: true }), TYPING_MS)
  }
  return html`<${View}
    title="Users"
    actions=${html`
      <button type="button" onClick=${() => open((close) => html`<${InviteDialog} onClose=${close} onDone=${state.reload} />`)}>Invite</button>
      <button type="button" class="primary" onClick=${() => open((close) => html`<${CreateDialog} onClose=${close} />`)}>Create user</button>
    `}
  >
    <search class="filters">
      <div class="field grow">
        <label for="user-search">Search <span class="muted">(press /)</span></label>
        <input id="user-search" type="search" placeholder="Part of the email address or name" ref=${search} onInput=${({ target }) => typed(target.value)} autocomplete="off" autocapitalize="off" spellcheck="false" />
      </div>
      <${Field} label="Order" type="select" options=${ORDER} value=${query.sort ?? ''} onChange=${({ target }) => change('sort', target.value)} />
    </search>
    <${Loaded} state=${state}>${({ users, total }) => html`
      <${Table} caption="Users" columns=${COLUMNS} rows=${users} rowKey=${({ id }) => id} empty=${Object.keys(query).length === 0 ? 'There are no users yet.' : 'No user matches.'} />
      <p class="visually-hidden" role="status">${total} users</p>
      <${Pager} page=${page} perPage=${PER_PAGE} total=${total} href=${(to) => hashOf('/users', { ...query, page: to })} />
    `}<//>
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
