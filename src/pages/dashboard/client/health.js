/** Whether the server is well. */
import { get } from './api.js'
import { html, useEffect } from './lib.js'
import { useLoad } from './load.js'
import { Badge, Card, Facts, Loaded, Notice, Time, View } from './ui.js'

const RELOAD_MS = 15_000
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

function size(bytes) {
  if (bytes === undefined || bytes === null) return undefined
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1)
  return `${(bytes / 1024 ** power).toLocaleString(undefined, { maximumFractionDigits: power === 0 ? 0 : 1 })} ${UNITS[power]}`
}

export function HealthView() {
  const state = useLoad((signal) => get('/admin/health', undefined, signal), [])
  useEffect(() => {
    const timer = setInterval(() => document.hidden || state.reload(), RELOAD_MS)
    return () => clearInterval(timer)
  }, [])
  return html`<${View} title="Health" intro="Of the server that answers this page; it is looked at again every 15 seconds.">
    <${Loaded} state=${state}>${(health) => html`
      ${health.status !== 'ok' && html`<${Notice} tone="bad"><strong>The server is not ready.</strong><//>`}
      <div class="columns">
        <${Card} id="checks" title="Checks">
          <${Facts} pairs=${Object.entries(health.checks).map(([name, result]) => [
            name.charAt(0).toUpperCase() + name.slice(1),
            html`<${Badge} tone=${result === 'ok' ? 'ok' : 'bad'}>${result}<//>${health.reasons?.[name] && html` <span class="small-text">${health.reasons[name]}</span>`}`,
          ])} />
        <//>
        <${Card} id="server" title="Server">
          <${Facts} pairs=${[
            ['Version', `${health.version} (${health.commit})`],
            ['Started', html`<${Time} value=${health.started_at} />`],
            ['Memory', size(health.memory_bytes)],
          ]} />
        <//>
        <${Card} id="database" title="Database">
          <${Facts} pairs=${[
            ['Engine', { sqlite: 'SQLite', postgres: 'Postgres' }[health.engine] ?? health.engine],
            ['Size', size(health.database?.size_bytes)],
            ['Write-ahead log', size(health.database?.log_bytes)],
            ['Free on its disk', size(health.database?.free_bytes)],
            [
              'Connections',
              health.connections &&
                `${health.connections.reserved} of ${health.connections.max} in transactions, ${health.connections.waiting} waiting`,
            ],
          ]} />
        <//>
        <${Card} id="mail" title="Mail queue">
          <${Facts} pairs=${[
            ['Waiting', String(health.mail_queue?.length ?? 0)],
            ['Oldest', health.mail_queue?.length > 0 && `${Math.round(health.mail_queue.oldest_seconds)} s`],
          ]} />
          <p class="small-text"><a href="#/messages">Messages</a></p>
        <//>
        ${
          health.backup &&
          html`<${Card} id="backups" title="Backups">
          <${Facts} pairs=${[
            [
              'Last good one',
              health.backup.last_good_at ? html`<${Time} value=${health.backup.last_good_at} />` : 'none yet',
            ],
            [
              'Last attempt',
              health.backup.last_error &&
                html`<${Badge} tone="bad">failed<//> <span class="small-text">${health.backup.last_error}</span>`,
            ],
          ]} />
        <//>`
        }
      </div>
    `}<//>
  <//>`
}
