import { expect, test } from 'bun:test'
import { allSettings } from '../../src/config'

test('every setting has unique names, a sentence of documentation, and one way to state its default', () => {
  const names = allSettings.flatMap((each) => [
    ...each.names,
    ...(each.flag ? [each.flag] : []),
    ...(each.toml ? [each.toml] : []),
  ])
  expect(names).toHaveLength(new Set(names).size)
  for (const {
    names: [name],
    doc,
    default: value,
    defaultNote,
  } of allSettings) {
    expect(name).toMatch(/^AUTH_[A-Z0-9_]+$/)
    expect(doc).toMatch(/^[A-Z`].*\.$/s)
    if (value !== undefined) expect([name, defaultNote]).toEqual([name, undefined])
  }
})
