/** The logo that the settings name. */
import { type Logo, readLogo } from '../adapters/brand-logo'
import type { Settings } from '../config'

/** @throws {Error} that says what is wrong with the file */
export async function logoOf({ accountPage: { brandLogo } }: Settings): Promise<Logo | undefined> {
  if (brandLogo === undefined) return undefined
  try {
    return await readLogo(brandLogo)
  } catch (error) {
    throw new Error(`AUTH_BRAND_LOGO cannot be used: ${(error as Error).message}`)
  }
}
