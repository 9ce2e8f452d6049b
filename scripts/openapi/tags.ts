/** The tags, in the order in which a reader needs them. */
export const TAGS: [name: string, description: string][] = [
  ['Sign-up and sign-in', 'Create an account, sign in, refresh a session.'],
  ['Links and codes', 'Magic links, codes, confirmation and recovery: request a message, then use its link or code.'],
  ['Own account', 'Read, change and delete the account of the signed-in user.'],
  ['Account page', 'What the page at `/account` needs besides the API for applications.'],
  ['Sessions', 'Where a user is signed in, and how to end it.'],
  ['OAuth and identities', 'Sign in with an OAuth provider such as GitHub, and link or unlink identities.'],
  ['Passkeys', 'Register passkeys and sign in with them.'],
  ['Second factors', 'Authenticator apps, phones, security keys and recovery codes: enrol, verify and remove.'],
  ['Administration', 'For your own servers. Needs the secret key, or the token of a user with the role `admin`.'],
  ['Native clients', 'Opaque token pairs and personal access tokens, for clients without a cookie jar.'],
  ['Services', 'For services behind a gateway: accounts, roles in the token, and introspection of tokens.'],
  [
    'Links to your own pages',
    'Recovery, change of address and magic links whose mails lead to pages of your application.',
  ],
  ['Federation', 'Sign in with a choice of server: this one, or another that is listed.'],
  ['Mailbox', 'Messages that would have been sent, for development and tests. On while no mail server is configured.'],
  ['Server', 'What the server offers, its public keys, and its health.'],
]
