/** Who is signed in. */
import { currentSession } from './api.js'
import { t } from './i18n.js'
import { html } from './lib.js'
import { nameOfUser } from './ui.js'

export const View = () => html`
  <h1>${t('account.overview')}</h1>
  <p>${nameOfUser(currentSession().user)}</p>
`
