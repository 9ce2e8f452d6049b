/** Providers for sign-in: those of the settings, and custom ones that are changed here. */
import { del, get, post, put } from './api.js'
import { html, useState } from './lib.js'
import { useLoad } from './load.js'
import { Badge, Card, Code, Confirm, Dialog, Field, Loaded, parseObject, Table, toast, useDialog, View } from './ui.js'

const list = (text) => text.split(/[\s,]+/).filter(Boolean)
const optional = (text) => (text.trim() === '' ? undefined : text.trim())
const path = (identifier) => `/admin/custom-providers/${encodeURIComponent(identifier)}`

export function ProvidersView() {
  const state = useLoad(async (signal) => {
    const [{ external }, custom] = await Promise.all([
      get('/settings', undefined, signal),
      get('/admin/custom-providers', undefined, signal).catch((error) =>
        error.status === 404 ? undefined : Promise.reject(error),
      ),
    ])
    return { external, custom: custom?.providers }
  }, [])
  const [dialog, open] = useDialog()
  const edit = (provider) =>
    open((close) => html`<${ProviderDialog} provider=${provider} onDone=${state.reload} onClose=${close} />`)
  const remove = ({ identifier, name }) =>
    open(
      (close) => html`<${Confirm}
      title="Delete the provider"
      text=${`Users can no longer sign in with ${name}. Accounts and identities stay. This cannot be undone.`}
      action="Delete"
      typed=${identifier}
      onConfirm=${async () => {
        await del(path(identifier))
        toast('The provider was deleted.')
        state.reload()
      }}
      onClose=${close}
    />`,
    )
  return html`<${View} title="Providers" intro="Ways to sign in with an account elsewhere." actions=${state.data?.custom && html`<button type="button" class="primary" onClick=${() => edit(undefined)}>Add a provider</button>`}>
    <${Loaded} state=${state}>${({ external, custom }) => {
      const enabled = Object.keys(external).filter((name) => external[name])
      return html`
        <${Card} id="custom" title="Custom providers">
          ${
            custom
              ? html`<${Table}
                  caption="Custom providers"
                  rows=${custom}
                  rowKey=${({ id }) => id}
                  empty="Add any OpenID Connect or OAuth 2.0 provider."
                  columns=${[
                    {
                      name: 'Provider',
                      isMain: true,
                      cell: ({ name, identifier }) => html`<div>${name}</div><${Code}>${identifier}<//>`,
                    },
                    {
                      name: 'Type',
                      cell: ({ provider_type: type }) =>
                        ({ oidc: 'OpenID Connect', oauth2: 'OAuth 2.0' })[type] ?? type,
                    },
                    { name: 'Server', cell: ({ issuer, authorization_url: url }) => issuer ?? url ?? '–' },
                    {
                      name: 'State',
                      cell: ({ enabled: on }) =>
                        html`<${Badge} tone=${on ? 'ok' : ''}>${on ? 'Enabled' : 'Disabled'}<//>`,
                    },
                    {
                      name: '',
                      cell: (provider) =>
                        html`<span class="badges"><button type="button" class="small" onClick=${() => edit(provider)}>Edit</button><button type="button" class="small bad" onClick=${() => remove(provider)}>Delete</button></span>`,
                    },
                  ]}
                />`
              : html`<p class="empty">Custom providers are switched off: see AUTH_CUSTOM_OAUTH_ENABLED.</p>`
          }
        <//>
        <${Card} id="built-in" title="Enabled by settings">
          <p class="badges">${enabled.map((name) => html`<${Badge} key=${name} tone="info">${name.replaceAll('_', ' ')}<//>`)}</p>
        <//>
      `
    }}<//>
    ${dialog}
  <//>`
}

function ProviderDialog({ provider, onDone, onClose }) {
  const [type, setType] = useState(provider?.provider_type ?? 'oidc')
  const submit = async (values) => {
    const endpoints =
      type === 'oidc'
        ? { issuer: optional(values.issuer) }
        : {
            authorization_url: optional(values.authorization_url),
            token_url: optional(values.token_url),
            userinfo_url: optional(values.userinfo_url),
          }
    const body = {
      name: values.name.trim(),
      client_id: values.client_id.trim(),
      client_secret: optional(values.client_secret),
      scopes: list(values.scopes),
      enabled: values.enabled,
      email_optional: values.email_optional,
      attribute_mapping: parseObject(values.attribute_mapping, 'Attribute mapping'),
      ...endpoints,
    }
    if (provider) await put(path(provider.identifier), body)
    else
      await post('/admin/custom-providers', {
        ...body,
        provider_type: type,
        identifier: `custom:${values.identifier.trim().replace(/^custom:/, '')}`,
      })
    toast('The provider is saved.')
    onDone()
  }
  const url = (name, label) =>
    html`<${Field} label=${label} name=${name} type="url" initial=${provider?.[name]} placeholder="https://…" autocomplete="off" />`
  return html`<${Dialog} title=${provider ? `Edit ${provider.name}` : 'Add a provider'} isWide onSubmit=${submit} onClose=${onClose}>
    ${
      !provider &&
      html`<${Field} label="Identifier" name="identifier" placeholder="acme" hint="Applications sign in with custom:acme." autocomplete="off" required autofocus />
        <${Field} label="Type" type="select" value=${type} onChange=${({ target }) => setType(target.value)} options=${[
          ['oidc', 'OpenID Connect'],
          ['oauth2', 'OAuth 2.0'],
        ]} />`
    }
    <${Field} label="Name" name="name" initial=${provider?.name} autocomplete="off" required />
    ${
      type === 'oidc'
        ? url('issuer', 'Issuer')
        : html`${url('authorization_url', 'Authorization URL')} ${url('token_url', 'Token URL')} ${url('userinfo_url', 'User info URL')}`
    }
    <${Field} label="Client id" name="client_id" initial=${provider?.client_id} autocomplete="off" required />
    <${Field} label="Client secret" name="client_secret" type="password" autocomplete="new-password" hint=${provider ? 'Empty keeps the current one.' : ''} />
    <${Field} label="Scopes" name="scopes" initial=${(provider?.scopes ?? ['openid', 'email', 'profile']).join(' ')} autocomplete="off" />
    <${Field} label="Attribute mapping" name="attribute_mapping" type="json" rows="4" initial=${JSON.stringify(provider?.attribute_mapping ?? {}, null, 2)} />
    <${Field} label="Enabled" name="enabled" type="checkbox" initial=${provider?.enabled ?? true} />
    <${Field} label="Accept accounts without an email address" name="email_optional" type="checkbox" initial=${provider?.email_optional ?? false} />
  <//>`
}
