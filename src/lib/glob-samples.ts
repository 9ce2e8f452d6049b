/** Sample texts that match a redirect pattern, to find out whether any of them can be a redirect. */

/** Braces multiply; a few samples are enough. */
const ENOUGH = 16
/** Stands for `**`: at the beginning of a pattern a whole origin, elsewhere anything. */
const ANYTHING = ['a', 'https://a.example/', '']

export function samplesOf(pattern: string): string[] {
  let samples = ['']
  const add = (...choices: string[]) => {
    samples = samples.flatMap((sample) => choices.map((choice) => sample + choice)).slice(0, ENOUGH)
  }
  const parts = pattern.matchAll(/\*\*+|\*|\?|\\(.)|\[(!?)([^\]]*)\]|\{([^{}]*)\}|(.)/gsu)
  for (const [whole, escaped, negation, members = '', alternatives, plain] of parts) {
    if (plain !== undefined) add(plain)
    else if (escaped !== undefined) add(escaped)
    else if (alternatives !== undefined) add(...alternatives.split(',').flatMap(samplesOf))
    else if (whole.startsWith('[')) add(negation ? oneOutside(members) : members.slice(0, 1))
    else if (whole.length > 1 && samples[0] === '') add(...ANYTHING)
    else add('a')
  }
  return samples
}

const oneOutside = (members: string) => ['a', '0', '~'].find((character) => !members.includes(character)) ?? '-'
