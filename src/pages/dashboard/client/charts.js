/** Small charts as SVG, each with its numbers as a table for those who do not see it. */
import { html } from './lib.js'
import { Table } from './ui.js'

const WIDTH = 480
const HEIGHT = 150
const LEFT = 34
const BOTTOM = 20
const COLOURS = 6

/** A round number at or above the largest value, for the axis. */
function ceilingOf(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)))
  return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= value) ?? value
}

/**
 * Stacked bars over time.
 * @param times the start of each bar, as Unix milliseconds
 * @param series `{ label, counts }`, a count for each bar
 */
export function BarChart({ title, times, series, timeText }) {
  const totals = times.map((_, index) => series.reduce((sum, { counts }) => sum + counts[index], 0))
  const total = totals.reduce((sum, each) => sum + each, 0)
  const top = ceilingOf(Math.max(...totals, 1))
  const step = (WIDTH - LEFT) / times.length
  const y = (count) => (HEIGHT - BOTTOM) * (1 - count / top) + 2
  const labelled = [0, Math.floor(times.length / 2), times.length - 1]
  const bars = times.flatMap((time, index) => {
    let base = 0
    return series.map(({ label, counts }, at) => {
      const count = counts[index]
      const from = base
      base += count
      return (
        count > 0 &&
        html`<rect key=${`${time}-${label}`} class=${`c${at % COLOURS}`} x=${LEFT + index * step + 1} width=${Math.max(step - 2, 1)} y=${y(base)} height=${y(from) - y(base)}>
          <title>${`${timeText(time)}: ${label} ${count}`}</title>
        </rect>`
      )
    })
  })
  return html`<figure class="chart">
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${`${title}: ${total.toLocaleString()} in total. The numbers are in the table below.`}>
      ${[0, top / 2, top].map(
        (value) => html`<g key=${value}>
          <line class="grid" x1=${LEFT} x2=${WIDTH} y1=${y(value)} y2=${y(value)} />
          ${(Number.isInteger(value) || value === 0) && html`<text x=${LEFT - 6} y=${y(value) + 4} text-anchor="end">${value.toLocaleString()}</text>`}
        </g>`,
      )}
      ${bars}
      ${labelled.map(
        (index, at) =>
          html`<text key=${index} x=${LEFT + (index + [0, 0.5, 1][at]) * step} y=${HEIGHT - 4} text-anchor=${['start', 'middle', 'end'][at]}>${timeText(times[index])}</text>`,
      )}
    </svg>
    <ul class="legend">
      ${series.map(
        ({ label, counts }, at) =>
          html`<li key=${label}><i class=${`c${at % COLOURS}`}></i>${label} <span class="muted">${counts.reduce((sum, each) => sum + each, 0).toLocaleString()}</span></li>`,
      )}
    </ul>
    <details class="data">
      <summary>Numbers</summary>
      <${Table}
        caption=${title}
        rows=${times.map((time, index) => ({ time, index })).filter(({ index }) => totals[index] > 0)}
        rowKey=${({ time }) => time}
        empty="Nothing happened."
        columns=${[
          { name: 'Time', cell: ({ time }) => timeText(time) },
          ...series.map(({ label, counts }) => ({
            name: label,
            isNumber: true,
            cell: ({ index }) => counts[index].toLocaleString(),
          })),
        ]}
      />
    </details>
  </figure>`
}
