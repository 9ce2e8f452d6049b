import { expect, test } from 'bun:test'
import { accentOf } from '../../src/lib/brand'

/** WCAG 2.2, contrast ratio, written out for two colors as `#rrggbb`. */
function contrast(one: string, other: string): number {
  const luminances = [one, other].map((color) => {
    const linear = [1, 3, 5].map((at) => {
      const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    }) as [number, number, number]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  })
  return (Math.max(...luminances) + 0.05) / (Math.min(...luminances) + 0.05)
}

/** A background that is tinted with a color, as selected rows are. */
const tinted = (background: string, color: string) =>
  `#${[1, 3, 5]
    .map((at) => [background, color].map((each) => Number.parseInt(each.slice(at, at + 2), 16)) as [number, number])
    .map(([below, above]) =>
      Math.round(below * 0.89 + above * 0.11)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`

test.each(['#000000', '#ffffff', '#ffcc00', '#0f766e', '#1d4ed8', '#ff0000', '#808080', '#00ff00', '#0000ff'])(
  'the accent of %s is readable on light and dark pages, and so is text on it',
  (color) => {
    const { light, dark } = accentOf(color)
    for (const background of ['#ffffff', '#f6f7f9', tinted('#ffffff', light)])
      expect(contrast(light, background)).toBeGreaterThanOrEqual(4.5)
    for (const background of ['#12161c', '#1a2028', tinted('#1a2028', dark)])
      expect(contrast(dark, background)).toBeGreaterThanOrEqual(4.5)
  },
)

test('a color that is readable already is kept', () => {
  expect(accentOf('#0f766e').light).toBe('#0f766e')
  expect(accentOf('#ffcc00').dark).toBe('#ffcc00')
})
