/** The text format of Prometheus, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */

/** Values under one name. */
export interface Family {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  /** Names of the labels of every sample. */
  labels: readonly string[]
  samples: readonly Sample[]
}

interface Sample {
  /** Values of the labels, in their order. */
  labels: readonly string[]
  value: number | Distribution
}

/** Of a histogram. */
interface Distribution {
  count: number
  sum: number
  /** How many are not above each bound. */
  buckets: readonly (readonly [bound: number, count: number])[]
}

export function printFamilies(families: readonly Family[]): string {
  const lines = families.flatMap((family) => [
    `# HELP ${family.name} ${family.help}`,
    `# TYPE ${family.name} ${family.type}`,
    ...family.samples.flatMap((sample) => linesOf(family, sample)),
  ])
  return `${lines.join('\n')}\n`
}

function linesOf({ name, labels: names }: Family, { labels, value }: Sample): string[] {
  const pairs = names.map((label, index) => `${label}="${escaped(labels[index] ?? '')}"`)
  if (typeof value === 'number') return [`${name}${braced(pairs)} ${value}`]
  const { count, sum, buckets } = value
  return [
    ...buckets.map(([bound, below]) => `${name}_bucket${braced([...pairs, `le="${bound}"`])} ${below}`),
    `${name}_bucket${braced([...pairs, 'le="+Inf"'])} ${count}`,
    `${name}_sum${braced(pairs)} ${sum}`,
    `${name}_count${braced(pairs)} ${count}`,
  ]
}

const braced = (pairs: readonly string[]) => (pairs.length === 0 ? '' : `{${pairs.join(',')}}`)

const ESCAPED: Record<string, string> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }
const escaped = (value: string) => value.replace(/[\\"\n]/g, (character) => ESCAPED[character] as string)

type Description = Pick<Family, 'name' | 'help' | 'labels'>

export interface Observed<Values> {
  add: Values
  family(): Family
}

/**
 * Counts by labels, whose values must be a small number.
 * @param zeros labels that are there from the start: Prometheus sees no increase in a first value
 */
export function counter(
  description: Description,
  zeros: readonly string[][] = [],
): Observed<(...labels: string[]) => void> {
  const samples = new Map(zeros.map((labels) => [labels.join('\n'), { labels, value: 0 }]))
  return {
    add(...labels) {
      const key = labels.join('\n')
      const known = samples.get(key)
      if (known) known.value += 1
      else samples.set(key, { labels, value: 1 })
    },
    family: () => ({ ...description, type: 'counter', samples: [...samples.values()] }),
  }
}

/** @param bounds ascending; a value is counted in each bucket whose bound is not below it */
export function histogram(
  description: Description,
  bounds: readonly number[],
): Observed<(value: number, ...labels: string[]) => void> {
  const create = (labels: string[]) => ({ labels, sum: 0, count: 0, buckets: bounds.map(() => 0) })
  const samples = new Map<string, ReturnType<typeof create>>()
  // Without labels there is one sample from the start, so that it is 0 before the first value.
  if (description.labels.length === 0) samples.set('', create([]))
  return {
    add(value, ...labels) {
      const key = labels.join('\n')
      const known = samples.get(key) ?? create(labels)
      if (known.count === 0) samples.set(key, known)
      known.sum += value
      known.count += 1
      for (const [index, bound] of bounds.entries())
        if (value <= bound) known.buckets[index] = (known.buckets[index] as number) + 1
    },
    family: () => ({
      ...description,
      type: 'histogram',
      samples: [...samples.values()].map(({ labels, sum, count, buckets }) => ({
        labels,
        value: { sum, count, buckets: bounds.map((bound, index) => [bound, buckets[index] as number] as const) },
      })),
    }),
  }
}
