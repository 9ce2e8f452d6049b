/** Matrix accounts (docs/other-surfaces.md#matrix-accounts). */
import { setting } from './setting'
import { httpUrl, secret } from './value-types'

export const matrix = {
  adminUrl: setting({
    name: 'SYNAPSE_ADMIN_URL',
    also: ['SYNAPSE_ADMIN_URL'],
    kind: httpUrl,
    default: 'http://localhost:8008',
    doc: 'URL of the Synapse homeserver, as this server reaches it.',
  }),
  registrationSecret: setting({
    name: 'SYNAPSE_REGISTRATION_SECRET',
    also: ['SYNAPSE_REGISTRATION_SECRET'],
    kind: secret(1),
    secret: true,
    doc: 'The `registration_shared_secret` of the homeserver. If set, everyone who registers at `/api/auth/register` gets a Matrix account there.',
  }),
}
