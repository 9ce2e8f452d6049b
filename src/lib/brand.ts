/** The name, logo and color that users see on pages and in mails. */
export interface Brand {
  name: string
  /** The URL of the logo; undefined if there is none. */
  logoUrl: string | undefined
  /** The main color; undefined for the built-in one. */
  accent: Accent | undefined
}

/** Where this server has the logo. */
export const LOGO_PATH = '/account/logo'

/** A color as `#rrggbb`, adapted to light and dark pages. */
export interface Accent {
  light: string
  dark: string
}

/** Backgrounds of text in the accent: the one closest to it, and the one that is tinted with it. */
const LIGHT: Backgrounds = { closest: [0xf6, 0xf7, 0xf9], tinted: [255, 255, 255] }
const DARK: Backgrounds = { closest: [0x1f, 0x27, 0x31], tinted: [0x1a, 0x20, 0x28] }
/** How much pages tint backgrounds at most. */
const TINT = 0.12
const WHITE = [255, 255, 255]
const BLACK = [0, 0, 0]
/** WCAG 2.2 §1.4.3 (AA), for text of any size. */
const MIN_CONTRAST = 4.5
const STEPS = 100

/**
 * Darkens a color for light pages, and lightens it for dark ones, as little as needed to be readable as text there, and
 * below text: white on light pages, and near black on dark ones.
 * @param color as `#rrggbb`
 */
export function accentOf(color: string): Accent {
  const channels = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  return { light: mixUntilReadable(channels, BLACK, LIGHT), dark: mixUntilReadable(channels, WHITE, DARK) }
}

interface Backgrounds {
  closest: number[]
  tinted: number[]
}

function mixUntilReadable(color: number[], towards: number[], { closest, tinted }: Backgrounds): string {
  for (let step = 0; step <= STEPS; step++) {
    const mixed = mix(color, towards, step / STEPS)
    const isReadable = [closest, mix(tinted, mixed, TINT)].every((below) => contrast(mixed, below) >= MIN_CONTRAST)
    if (isReadable) return hex(mixed)
  }
  return hex(towards)
}

const mix = (color: number[], other: number[], share: number) =>
  color.map((channel, index) => Math.round(channel + ((other[index] ?? 0) - channel) * share))

const hex = (channels: number[]) => `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`

/** The contrast ratio of two colors (WCAG 2.2, contrast ratio). */
function contrast(one: number[], other: number[]): number {
  const [lower = 0, higher = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (higher + 0.05) / (lower + 0.05)
}

/** WCAG 2.2, relative luminance. */
function luminance(channels: number[]): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
