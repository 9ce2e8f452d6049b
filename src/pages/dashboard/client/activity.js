/** What happens on the server, as charts. */
import { get } from './api.js'
import { BarChart } from './charts.js'
import { html } from './lib.js'
import { useLoad } from './load.js'
import { go, hashOf } from './route.js'
import { Card, Empty, Field, Loaded, View } from './ui.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const RANGES = {
  day: { text: 'Last 24 hours', step: 'hour', stepMs: HOUR_MS, bars: 24 },
  week: { text: 'Last 7 days', step: 'hour', stepMs: 4 * HOUR_MS, bars: 42 },
  month: { text: 'Last 30 days', step: 'day', stepMs: DAY_MS, bars: 30 },
  quarter: { text: 'Last 90 days', step: 'day', stepMs: DAY_MS, bars: 90 },
}

/** More series than this are added up as “other”. */
const MAX_SERIES = 5

const CHARTS = [
  { kind: 'sign_up', title: 'Sign-ups' },
  { kind: 'sign_in', title: 'Sign-ins', name: (label) => label.replace(':', ', ') },
  { kind: 'refusal', title: 'Refusals by reason', name: (label) => label.replaceAll('_', ' ') },
  { kind: 'refresh', title: 'Session refreshes' },
  { kind: 'mail', title: 'Mails' },
  { kind: 'sms', title: 'SMS' },
]

const hourText = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit' })
const dayText = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' })

/** The counts of one kind, for each bar; the largest series by themselves. */
function seriesOf(answer, { kind, name = (label) => label }, times, stepMs) {
  const found = answer.series
    .filter((each) => each.kind === kind)
    .map(({ label, points }) => {
      const counts = times.map(() => 0)
      for (const { at, count } of points) {
        const index = Math.floor((new Date(at).getTime() - times[0]) / stepMs)
        if (index >= 0 && index < counts.length) counts[index] += count
      }
      return { label: name(label), counts, total: counts.reduce((sum, each) => sum + each, 0) }
    })
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total)
  if (found.length <= MAX_SERIES + 1) return found
  const rest = found.slice(MAX_SERIES)
  const counts = times.map((_, index) => rest.reduce((sum, each) => sum + each.counts[index], 0))
  return [...found.slice(0, MAX_SERIES), { label: 'other', counts }]
}

export function ActivityView({ route: { query } }) {
  const name = query.range in RANGES ? query.range : 'day'
  const { step, stepMs, bars } = RANGES[name]
  const end = Math.floor(Date.now() / stepMs) * stepMs + stepMs
  const times = Array.from({ length: bars }, (_, index) => end - (bars - index) * stepMs)
  const state = useLoad(
    async (signal) => {
      const since = new Date(times[0]).toISOString()
      return { times, answer: await get('/admin/activity', { step, since }, signal) }
    },
    [name],
  )
  const timeText = (time) => (step === 'hour' ? hourText : dayText).format(time)
  return html`<${View}
    title="Activity"
    actions=${html`<${Field} label="Period" type="select" options=${Object.entries(RANGES).map(([value, { text }]) => [value, text])} value=${name} onChange=${({ target }) => go(hashOf('/activity', { range: target.value }))} />`}
  >
    <${Loaded} state=${state}>${({ times: shown, answer }) => html`<div class="grid-2">
      ${CHARTS.map((chart) => {
        const series = seriesOf(answer, chart, shown, shown[1] - shown[0])
        return html`<${Card} key=${chart.kind} id=${`chart-${chart.kind}`} title=${chart.title}>
          ${
            series.length === 0
              ? html`<${Empty}>Nothing in this period.<//>`
              : html`<${BarChart} title=${chart.title} times=${shown} series=${series} timeText=${timeText} />`
          }
        <//>`
      })}
    </div>`}<//>
  <//>`
}
