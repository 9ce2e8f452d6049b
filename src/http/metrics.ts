/** Counters in the Prometheus text format (version 0.0.4), kept by route and status. */

/** Upper bounds of the duration histogram, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface Metrics {
  observe(method: string, route: string, status: number, seconds: number): void
  /** @param outcome `answered`, `refused`, `timed_out` or `failed` */
  observeHook(hook: string, outcome: string, seconds: number): void
  /** The complete page. @param gauges current values from elsewhere @param events counts since the start */
  print(gauges: Gauge[], events?: EventTotal[]): string
}

/** How often something happened. */
export interface EventTotal {
  kind: string
  label: string
  count: number
}

export interface Gauge {
  name: string
  help: string
  value: number
}

export function createMetrics(build: { version: string; commit: string }): Metrics {
  const requests = histogram('latchkey_http_request_duration_seconds', 'Time from the request to its answer.')
  const hooks = histogram('latchkey_hook_seconds', 'Time of calls of hooks, with waiting and all attempts.')
  return {
    observe: (method, route, status, seconds) =>
      requests.observe(`method="${method}",route="${route}",status="${status}"`, seconds),
    observeHook: (hook, outcome, seconds) => hooks.observe(`hook="${hook}",outcome="${outcome}"`, seconds),
    print(gauges, events = []) {
      const cpu = process.cpuUsage()
      const lines = [
        '# HELP latchkey_build_info The running build.',
        '# TYPE latchkey_build_info gauge',
        `latchkey_build_info{version="${build.version}",commit="${build.commit}"} 1`,
        '# HELP process_cpu_seconds_total CPU time of the process, user and system.',
        '# TYPE process_cpu_seconds_total counter',
        `process_cpu_seconds_total ${(cpu.user + cpu.system) / 1e6}`,
        '# HELP process_resident_memory_bytes Resident memory of the process.',
        '# TYPE process_resident_memory_bytes gauge',
        `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
        ...gauges.flatMap(({ name, help, value }) => [
          `# HELP ${name} ${help}`,
          `# TYPE ${name} gauge`,
          `${name} ${value}`,
        ]),
        '# HELP latchkey_events_total Sign-ins, sign-ups, refreshes, refusals and messages, by kind and label.',
        '# TYPE latchkey_events_total counter',
        ...events.map(({ kind, label, count }) => `latchkey_events_total{kind="${kind}",label="${label}"} ${count}`),
        ...requests.lines(),
        ...hooks.lines(),
      ]
      return `${lines.join('\n')}\n`
    },
  }
}

interface Series {
  count: number
  seconds: number
  buckets: number[]
}

function histogram(name: string, help: string) {
  const series = new Map<string, Series>()
  return {
    observe(labels: string, seconds: number) {
      let own = series.get(labels)
      if (!own) {
        own = { count: 0, seconds: 0, buckets: BOUNDS.map(() => 0) }
        series.set(labels, own)
      }
      own.count += 1
      own.seconds += seconds
      for (const [index, bound] of BOUNDS.entries())
        if (seconds <= bound) own.buckets[index] = (own.buckets[index] as number) + 1
    },
    lines: () => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      ...[...series].flatMap(([labels, { count, seconds, buckets }]) => [
        ...BOUNDS.map((bound, index) => `${name}_bucket{${labels},le="${bound}"} ${buckets[index]}`),
        `${name}_bucket{${labels},le="+Inf"} ${count}`,
        `${name}_sum{${labels}} ${seconds}`,
        `${name}_count{${labels}} ${count}`,
      ]),
    ],
  }
}
