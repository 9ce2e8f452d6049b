/** One user: everything that is known, and everything that can be done. */
import { currentSession, del, get, post, put, request } from './api.js'
import { AuditTable } from './audit.js'
import { sendWithCaptcha } from './captcha.js'
import { deviceOf } from './device.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { go } from './route.js'
import {
  Badge,
  Card,
  Code,
  Confirm,
  CopyButton,
  Dialog,
  Empty,
  Facts,
  Field,
  Loaded,
  Menu,
  Notice,
  parseObject,
  Table,
  Time,
  toast,
  useAction,
  useDialog,
  View,
} from './ui.js'
import { IMPLICIT_ROLE, identifierOf, isBanned, nameOf, StatusBadges } from './users.js'

const json = (value) => JSON.stringify(value ?? {}, null, 2)

export function UserView({ id }) {
  const path = `/admin/users/${encodeURIComponent(id)}`
  const state = useLoad((signal) => get(path, undefined, signal), [id])
  const user = state.data
  const [dialog, open] = useDialog()
  const [, run] = useAction()
  if (!user)
    return html`<${View} title="User" back=${{ href: '#/users', text: 'Users' }}><${Loaded} state=${state}>${() => null}<//><//>`

  const done = (text) => {
    toast(text)
    state.reload()
  }
  const change = async (body, text) => {
    await put(path, body)
    done(text)
  }
  const confirm = (options) => open((close) => html`<${Confirm} ...${options} onClose=${close} />`)
  const name = identifierOf(user)
  const isSelf = user.id === currentSession().user.id

  const items = [
    user.email && {
      text: 'Mail a password reset',
      run: () =>
        run(async () => {
          // As an application would for “Forgot your password?”, with its limits and its mail.
          await sendWithCaptcha('/recover', 'recover', { body: { email: user.email } })
          toast(`A password reset is on its way to ${user.email}.`)
        }),
    },
    user.email && {
      text: 'Make a sign-in link',
      run: () => open((close) => html`<${LinkDialog} user=${user} onClose=${close} />`),
    },
    !user.confirmed_at && {
      text: 'Confirm the address',
      run: () =>
        run(() =>
          change(
            { email_confirm: Boolean(user.email), phone_confirm: Boolean(user.phone) },
            'The address is confirmed.',
          ),
        ),
    },
    {
      text: 'Set a password',
      run: () => open((close) => html`<${PasswordDialog} onSave=${change} onClose=${close} />`),
    },
    {
      text: 'Sign out everywhere',
      run: () =>
        confirm({
          title: 'Sign out everywhere',
          text: `All sessions of ${name} end at once${isSelf ? ', this one too' : ''}.`,
          action: 'Sign out',
          onConfirm: async () => {
            const { ended } = await del(`${path}/sessions`)
            done(`${ended} sessions ended.`)
          },
        }),
    },
    isBanned(user)
      ? { text: 'Lift the ban', run: () => run(() => change({ ban_duration: 'none' }, 'The ban is lifted.')) }
      : {
          text: 'Ban',
          isDangerous: true,
          run: () =>
            open((close) => html`<${BanDialog} name=${name} isSelf=${isSelf} onSave=${change} onClose=${close} />`),
        },
    {
      text: 'Delete',
      isDangerous: true,
      run: () => open((close) => html`<${DeleteDialog} path=${path} name=${name} isSelf=${isSelf} onClose=${close} />`),
    },
  ].filter(Boolean)

  return html`<${View}
    title=${name}
    intro=${nameOf(user)}
    back=${{ href: '#/users', text: 'Users' }}
    actions=${html`
      <button type="button" onClick=${() => open((close) => html`<${EditDialog} user=${user} onSave=${change} onClose=${close} />`)}>Edit</button>
      <${Menu} label="Actions" items=${items} />
    `}
  >
    ${isSelf && html`<${Notice}>This is your own account.<//>`}
    <div class="columns">
      <div>
        <${Account} user=${user} />
        <${Identities} user=${user} />
        <${Sessions} user=${user} path=${path} confirm=${confirm} />
        <${Tokens} path=${path} confirm=${confirm} />
      </div>
      <div>
        <${Roles} path=${path} isSelf=${isSelf} name=${name} confirm=${confirm} />
        <${Metadata} id="user-metadata" title="User metadata" value=${user.user_metadata} onEdit=${() => open((close) => html`<${MetadataDialog} name="user_metadata" title="User metadata" value=${user.user_metadata} onSave=${change} onClose=${close} />`)} />
        <${Metadata} id="app-metadata" title="App metadata" value=${user.app_metadata} onEdit=${() => open((close) => html`<${MetadataDialog} name="app_metadata" title="App metadata" value=${user.app_metadata} onSave=${change} onClose=${close} />`)} />
        <${Factors} user=${user} path=${path} confirm=${confirm} onChanged=${state.reload} />
        <${Passkeys} path=${path} confirm=${confirm} />
        <${TokenPreview} path=${path} open=${open} />
      </div>
    </div>
    <${Audit} id=${user.id} changed=${user.updated_at} />
    ${dialog}
  <//>`
}

const Account = ({
  user,
}) => html`<${Card} id="account" title="Account" actions=${html`<${StatusBadges} user=${user} />`}>
  <${Facts} pairs=${[
    ['Id', html`<${Code}>${user.id}<//> <${CopyButton} text=${user.id} label="Copy the id" />`],
    [
      'Email',
      user.email &&
        html`${user.email} ${user.email_confirmed_at ? html`<${Badge} tone="ok">Confirmed<//>` : html`<${Badge} tone="warn">Not confirmed<//>`}`,
    ],
    ['New email', user.new_email],
    [
      'Phone',
      user.phone &&
        html`+${user.phone} ${user.phone_confirmed_at ? html`<${Badge} tone="ok">Confirmed<//>` : html`<${Badge} tone="warn">Not confirmed<//>`}`,
    ],
    ['Role claim', user.role],
    ['Audience', user.aud],
    ['Created', html`<${Time} value=${user.created_at} />`],
    ['Invited', user.invited_at && html`<${Time} value=${user.invited_at} />`],
    ['Last sign-in', html`<${Time} value=${user.last_sign_in_at} none="Never" />`],
    ['Reset mail sent', user.recovery_sent_at && html`<${Time} value=${user.recovery_sent_at} />`],
    ['Banned until', isBanned(user) && html`<${Time} value=${user.banned_until} />`],
    ['Deleted', user.deleted_at && html`<${Time} value=${user.deleted_at} />`],
  ]} />
<//>`

const Identities = ({ user }) => html`<${Card} id="identities" title="Identities">
  <${Table}
    caption="Identities"
    rows=${user.identities ?? []}
    rowKey=${({ identity_id: id }) => id}
    empty="No identities."
    columns=${[
      { name: 'Provider', cell: ({ provider }) => provider },
      { name: 'Account there', cell: ({ email, id }) => email || id },
      { name: 'Last sign-in', cell: ({ last_sign_in_at: at }) => html`<${Time} value=${at} isShort none="Never" />` },
    ]}
  />
<//>`

const METHODS = {
  password: 'password',
  otp: 'code',
  magiclink: 'link',
  totp: 'authenticator app',
  oauth: 'provider',
  passkey: 'passkey',
}

/** Such as “Firefox on Linux”; other programs by what they call themselves. */
function deviceText(userAgent) {
  const { browser, system, other } = deviceOf(userAgent)
  return browser === undefined ? (other ?? 'Unknown') : `${browser} on ${system}`
}

function Sessions({ user, path, confirm }) {
  const state = useLoad((signal) => get(`${path}/sessions`, undefined, signal), [path, user.updated_at])
  const end = ({ id }) =>
    confirm({
      title: 'End this session',
      text: 'The device has to sign in again.',
      action: 'End session',
      onConfirm: async () => {
        await del(`${path}/sessions/${id}`)
        toast('The session ended.')
        state.reload()
      },
    })
  return html`<${Card} id="sessions" title="Sessions">
    <${Loaded} state=${state}>${({ items }) => html`<${Table}
      caption="Sessions"
      rows=${items}
      rowKey=${({ id }) => id}
      empty="No sessions."
      columns=${[
        {
          name: 'Device',
          cell: (session) =>
            html`<div title=${session.user_agent ?? ''}>${deviceText(session.user_agent)}</div><div class="muted small-text">${[session.ip, session.amr?.map(({ method }) => METHODS[method] ?? method).join(', ')].filter(Boolean).join(' · ')}</div>`,
        },
        {
          name: 'Level',
          cell: ({ aal, active }) =>
            html`<span class="badges"><${Badge} tone=${aal === 'aal2' ? 'ok' : ''}>${aal}<//>${!active && html`<${Badge} tone="warn">Over<//>`}</span>`,
        },
        {
          name: 'Last used',
          cell: (session) =>
            html`<${Time} value=${session.last_used_at ?? session.refreshed_at ?? session.created_at} isShort />`,
        },
        {
          name: '',
          cell: (session) => html`<button type="button" class="small bad" onClick=${() => end(session)}>End</button>`,
        },
      ]}
    />`}<//>
  <//>`
}

function Tokens({ path, confirm }) {
  const state = useLoad((signal) => get(`${path}/tokens`, undefined, signal), [path])
  const revoke = ({ id, name }) =>
    confirm({
      title: 'Revoke this token',
      text: `Programs that use “${name}” are refused from now on.`,
      action: 'Revoke',
      onConfirm: async () => {
        await del(`${path}/tokens/${id}`)
        toast('The token was revoked.')
        state.reload()
      },
    })
  return html`<${Card} id="tokens" title="Personal access tokens">
    <${Loaded} state=${state}>${({ items }) => html`<${Table}
      caption="Personal access tokens"
      rows=${items}
      rowKey=${({ id }) => id}
      empty="No tokens."
      columns=${[
        { name: 'Name', cell: ({ name }) => name },
        { name: 'Expires', cell: ({ expires_at: at }) => html`<${Time} value=${at} isShort none="Never" />` },
        { name: 'Last used', cell: ({ last_used_at: at }) => html`<${Time} value=${at} isShort none="Never" />` },
        {
          name: '',
          cell: (token) => html`<button type="button" class="small bad" onClick=${() => revoke(token)}>Revoke</button>`,
        },
      ]}
    />`}<//>
  <//>`
}

function Roles({ path, isSelf, name, confirm }) {
  const all = useLoad((signal) => get('/admin/roles', undefined, signal), [])
  const state = useLoad((signal) => get(`${path}/roles`, undefined, signal), [path])
  const [isBusy, run] = useAction()
  const set = async (role, has) => {
    await request(has ? 'PUT' : 'DELETE', `${path}/roles/${encodeURIComponent(role)}`)
    toast(has ? `The role ${role} was granted.` : `The role ${role} was revoked.`)
    state.reload()
  }
  const toggle = (role, has) => {
    if (role !== 'admin') return run(() => set(role, has))
    return confirm({
      title: has ? 'Make an administrator' : 'Revoke the role admin',
      text: has
        ? `${name} will be able to see and change every account of this server.`
        : isSelf
          ? 'You will be signed out of this dashboard, and cannot sign in to it again.'
          : `${name} can no longer use this dashboard.`,
      action: has ? 'Grant' : 'Revoke',
      onConfirm: () => set(role, has),
    })
  }
  return html`<${Card} id="roles" title="Roles">
    <${Loaded} state=${all}>${({ roles }) =>
      html`<${Loaded} state=${state}>${({ roles: granted }) => html`
      <div class="roles">
        ${[...new Set([...roles, ...granted])].map(
          (role) =>
            html`<label key=${role} class="check"><input type="checkbox" checked=${granted.includes(role)} disabled=${isBusy || role === IMPLICIT_ROLE} onClick=${(
              event,
            ) => {
              event.preventDefault()
              toggle(role, !granted.includes(role))
            }} /> <span>${role}</span></label>`,
        )}
      </div>
    `}<//>`}<//>
  <//>`
}

const Metadata = ({
  id,
  title,
  value,
  onEdit,
}) => html`<${Card} id=${id} title=${title} actions=${html`<button type="button" class="small" aria-label=${`Edit ${title.toLowerCase()}`} onClick=${onEdit}>Edit</button>`}>
  <pre class="block" tabindex="0" aria-labelledby=${id}>${json(value)}</pre>
<//>`

const FACTOR_TYPES = {
  totp: 'Authenticator app',
  phone: 'Phone',
  webauthn: 'Security key',
  recovery_code: 'Recovery codes',
}

function Factors({ user, path, confirm, onChanged }) {
  const remove = (factor) =>
    confirm({
      title: 'Remove this factor',
      text: 'The account is protected by one step less. Make sure that the request comes from its owner.',
      action: 'Remove',
      onConfirm: async () => {
        await del(`${path}/factors/${factor.id}`)
        toast('The factor was removed.')
        onChanged()
      },
    })
  return html`<${Card} id="factors" title="Second factors">
    <${Table}
      caption="Second factors"
      rows=${user.factors ?? []}
      rowKey=${({ id }) => id}
      empty="No second factor."
      columns=${[
        {
          name: 'Factor',
          cell: (factor) =>
            html`<div>${FACTOR_TYPES[factor.factor_type] ?? factor.factor_type}</div><div class="muted small-text">${factor.friendly_name ?? ''}</div>`,
        },
        {
          name: 'State',
          cell: ({ status }) =>
            html`<${Badge} tone=${status === 'verified' ? 'ok' : 'warn'}>${status === 'verified' ? 'Verified' : 'Not verified'}<//>`,
        },
        {
          name: '',
          cell: (factor) =>
            html`<button type="button" class="small bad" onClick=${() => remove(factor)}>Remove</button>`,
        },
      ]}
    />
  <//>`
}

function Passkeys({ path, confirm }) {
  const state = useLoad(
    (signal) =>
      get(`${path}/passkeys`, undefined, signal).catch((error) => (error.status === 404 ? [] : Promise.reject(error))),
    [path],
  )
  const remove = (passkey) =>
    confirm({
      title: 'Remove this passkey',
      text: `“${passkey.friendly_name ?? 'Passkey'}” can no longer be used to sign in.`,
      action: 'Remove',
      onConfirm: async () => {
        await del(`${path}/passkeys/${passkey.id}`)
        toast('The passkey was removed.')
        state.reload()
      },
    })
  return html`<${Card} id="passkeys" title="Passkeys">
    <${Loaded} state=${state}>${(items) => html`<${Table}
      caption="Passkeys"
      rows=${items}
      rowKey=${({ id }) => id}
      empty="No passkeys."
      columns=${[
        { name: 'Name', cell: ({ friendly_name: name }) => name ?? 'Passkey' },
        { name: 'Last used', cell: ({ last_used_at: at }) => html`<${Time} value=${at} isShort none="Never" />` },
        {
          name: '',
          cell: (passkey) =>
            html`<button type="button" class="small bad" onClick=${() => remove(passkey)}>Remove</button>`,
        },
      ]}
    />`}<//>
  <//>`
}

function TokenPreview({ path, open }) {
  const [isBusy, run] = useAction()
  const show = () =>
    run(async () => {
      const preview = await get(`${path}/token-preview`)
      open(
        (close) => html`<${Dialog} title="Next access token" isWide onClose=${close}>
        ${preview.hook && html`<${Notice} tone="warn">A Custom Access Token hook is on. It was not called, so the claims may differ.<//>`}
        <pre class="block" tabindex="0" aria-label="Claims">${json(preview.claims)}</pre>
      <//>`,
      )
    })
  return html`<${Card} id="preview" title="Access token" actions=${html`<button type="button" class="small" disabled=${isBusy} onClick=${show}>Preview</button>`}>
    <p class="muted small-text">The claims that the next access token of this user will have.</p>
  <//>`
}

function Audit({ id, changed }) {
  const state = useLoad((signal) => get('/admin/audit', { user_id: id, per_page: 20 }, signal), [id, changed])
  return html`<${Card} id="audit" title="Audit trail" actions=${html`<a class="button small" href=${`#/why?user_id=${id}`}>Refusals</a><a class="button small" href=${`#/events?user_id=${id}`}>Events</a><a class="button small" href=${`#/audit?user_id=${id}`}>Show all</a>`}>
    <${Loaded} state=${state}>${(entries) => (entries.length === 0 ? html`<${Empty}>No entries.<//>` : html`<${AuditTable} entries=${entries} />`)}<//>
  <//>`
}

// ---- Dialogs ----

function EditDialog({ user, onSave, onClose }) {
  const submit = (values) => {
    const body = {}
    if (values.email.trim() !== user.email) body.email = values.email.trim()
    if (values.phone.replace(/^\+/, '') !== user.phone) body.phone = values.phone.trim()
    if (values.role.trim() !== user.role) body.role = values.role.trim()
    if (values.confirm && body.email) body.email_confirm = true
    if (values.confirm && body.phone) body.phone_confirm = true
    return onSave(body, 'The changes are saved.')
  }
  return html`<${Dialog} title="Edit the user" onSubmit=${submit} onClose=${onClose}>
    <${Field} label="Email address" name="email" type="email" initial=${user.email} autocomplete="off" />
    <${Field} label="Phone number" name="phone" type="tel" initial=${user.phone && `+${user.phone}`} autocomplete="off" hint="With country code, such as +15551234567." />
    <${Field} label="Role claim" name="role" initial=${user.role} hint="The claim role of access tokens; Postgres policies use it. Administrators are made with roles, not here." />
    <${Field} label="Confirm a new address without a mail" name="confirm" type="checkbox" initial=${true} />
  <//>`
}

function MetadataDialog({ name, title, value, onSave, onClose }) {
  const submit = (values) => {
    const next = parseObject(values.json, title)
    // The server merges key by key; null removes one.
    const removed = Object.keys(value ?? {}).filter((key) => !(key in next))
    return onSave({ [name]: { ...next, ...Object.fromEntries(removed.map((key) => [key, null])) } }, `${title} saved.`)
  }
  return html`<${Dialog} title=${title} isWide onSubmit=${submit} onClose=${onClose}>
    <${Field} label="JSON object" name="json" type="json" rows="16" initial=${json(value)} hint=${name === 'app_metadata' ? 'Users cannot change it; access tokens contain it.' : 'Users can change it themselves: never decide by it what a user may do.'} />
  <//>`
}

function PasswordDialog({ onSave, onClose }) {
  return html`<${Dialog}
    title="Set a password"
    submit="Set password"
    isDangerous
    onClose=${onClose}
    onSubmit=${({ password }) => onSave({ password }, 'The password is set, and all sessions ended.')}
  >
    <p>All sessions of the user end. A password reset by mail is the better way where the address works.</p>
    <${Field} label="New password" name="password" type="password" autocomplete="new-password" required autofocus />
  <//>`
}

const DURATIONS = [
  ['1h', 'One hour'],
  ['24h', 'One day'],
  ['168h', 'One week'],
  ['720h', '30 days'],
  ['876000h', '100 years'],
  ['other', 'Another duration'],
]

function BanDialog({ name, isSelf, onSave, onClose }) {
  return html`<${Dialog}
    title="Ban the user"
    submit="Ban"
    isDangerous
    onClose=${onClose}
    onSubmit=${({ duration, other }) => onSave({ ban_duration: duration === 'other' ? other.trim() : duration }, 'The user is banned.')}
  >
    <p>All sessions of ${name} end, and the account cannot sign in until the ban is over.${isSelf ? ' This is your own account.' : ''}</p>
    <${Field} label="Duration" name="duration" type="select" options=${DURATIONS} initial="24h" />
    <${Field} label="Another duration" name="other" hint="Such as 36h or 1h30m." autocomplete="off" />
  <//>`
}

function DeleteDialog({ path, name, isSelf, onClose }) {
  return html`<${Dialog}
    title="Delete the user"
    submit="Delete"
    isDangerous
    onClose=${onClose}
    onSubmit=${async ({ kind, typed }) => {
      if (typed.trim() !== name) throw new Error(`Type ${name} to confirm.`)
      await del(path, { should_soft_delete: kind === 'soft' })
      toast(`${name} was deleted.`)
      go('#/users')
    }}
  >
    <p>This cannot be undone.${isSelf ? ' This is your own account: you will be signed out.' : ''}</p>
    <${Field} label="What happens" name="kind" type="select" initial="hard" options=${[
      ['hard', 'Delete everything'],
      ['soft', 'Keep the id, delete addresses, names and metadata'],
    ]} />
    <${Field} label=${`Type ${name} to confirm`} name="typed" autocomplete="off" autofocus />
  <//>`
}

function LinkDialog({ user, onClose }) {
  const [isBusy, run] = useAction()
  const [shown, openLink] = useDialog()
  const make = (type) =>
    run(async () => {
      const { action_link: link, email_otp: code } = await post('/admin/generate_link', { type, email: user.email })
      openLink(
        () => html`<div class="field">
        <label for="made-link">Link</label>
        <textarea id="made-link" class="code" rows="4" readonly defaultValue=${link} />
        <p>Code: <${Code}>${code}<//></p>
        <div class="actions"><${CopyButton} text=${link} label="Copy the link" /><${CopyButton} text=${code} label="Copy the code" /></div>
      </div>`,
      )
    })
  return html`<${Dialog} title="Make a link" onClose=${onClose}>
    <p>It works once, and signs in as ${user.email} without a password. Send it to the owner only.</p>
    <div class="actions">
      <button type="button" disabled=${isBusy} onClick=${() => make('magiclink')}>Sign-in link</button>
      <button type="button" disabled=${isBusy} onClick=${() => make('recovery')}>Password reset link</button>
    </div>
    ${shown}
  <//>`
}
