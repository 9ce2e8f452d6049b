import type { AccountViewTexts } from '../texts'

export const account: AccountViewTexts = {
  overview: 'Panoramica',
}
