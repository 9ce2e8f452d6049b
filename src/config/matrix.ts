/** Matrix accounts (service.md). */
import { httpUrl, secret, setting } from './setting'

export const matrix = {
  adminUrl: setting({
    name: 'SYNAPSE_ADMIN_URL',
    also: ['SYNAPSE_ADMIN_URL'],
    kind: httpUrl,
    default: 'http://localhost:8008',
    doc: 'Where the Synapse homeserver is reached by this server.',
  }),
  registrationSecret: setting({
    name: 'SYNAPSE_REGISTRATION_SECRET',
    also: ['SYNAPSE_REGISTRATION_SECRET'],
    kind: secret(1),
    secret: true,
    doc: 'The `registration_shared_secret` of the homeserver. With it, everybody who registers at `/api/auth/register` gets a Matrix account there; without, nobody does.',
  }),
}
