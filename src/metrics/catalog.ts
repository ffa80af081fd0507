/** Every metric that there is: what it is called, what it means, and which labels it has. */

export interface Metric {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  /** All of them are bounded: by the configuration, or by words of our own. */
  labels?: readonly string[]
  /** What the value of several processes together is. Default: their sum. */
  across?: 'highest'
}

const CATALOG = {
  intermission_build_info: {
    type: 'gauge',
    help: 'Always 1; the version is in the label.',
    labels: ['version'],
    across: 'highest'
  },
  intermission_requests_total: {
    type: 'counter',
    help: 'Requests that are over. Code is the class of the status, or none when the client left without an answer.',
    labels: ['site', 'code', 'answered_by', 'reason']
  },
  intermission_request_duration_seconds: {
    type: 'histogram',
    help: 'From the head of a request to the end of its answer; for an upgraded connection, to its end.',
    labels: ['site', 'answered_by']
  },
  intermission_upstream_response_seconds: {
    type: 'histogram',
    help: "From handing a request to the upstream, waiting for one included, to the head of the app's answer.",
    labels: ['site']
  },
  intermission_in_flight_requests: {
    type: 'gauge',
    help: 'Requests that were handed to the upstream and are not over, upgraded connections included.',
    labels: ['site']
  },
  intermission_abandoned_requests: {
    type: 'gauge',
    help: 'Requests that were given up, as by visitors who have left, and that the app may still be working on.',
    labels: ['site']
  },
  intermission_held_requests: {
    type: 'gauge',
    help: 'Requests that wait: at the gate for the end of a hold, or for an upstream to come back.',
    labels: ['site', 'held_by']
  },
  intermission_bypassed_requests: {
    type: 'gauge',
    help: 'Requests that have passed although the site is closed to them, and are not over.',
    labels: ['site']
  },
  intermission_tunnels: {
    type: 'gauge',
    help: 'Connections that have become WebSockets or the like.',
    labels: ['site']
  },
  intermission_upstream_healthy: {
    type: 'gauge',
    help: '1 while the last health checks of an upstream have passed, or there are none.',
    labels: ['site', 'upstream'],
    across: 'highest'
  },
  intermission_upstream_breaker: {
    type: 'gauge',
    help: '1 for the state that the breaker of an upstream is in, 0 for the others.',
    labels: ['site', 'upstream', 'state'],
    across: 'highest'
  },
  intermission_upstream_connections: {
    type: 'gauge',
    help: 'Connections to an upstream.',
    labels: ['site', 'upstream']
  },
  intermission_upstream_busy_connections: {
    type: 'gauge',
    help: 'Connections to an upstream that carry a request.',
    labels: ['site', 'upstream']
  },
  intermission_mode: {
    type: 'gauge',
    help: '1 for the mode that a site is in, 0 for the others.',
    labels: ['site', 'mode'],
    across: 'highest'
  },
  intermission_mode_since_timestamp_seconds: {
    type: 'gauge',
    help: 'When the mode of a site began, in seconds since 1970.',
    labels: ['site'],
    across: 'highest'
  },
  intermission_overdue: {
    type: 'gauge',
    help: '1 while a site is in a mode whose end has passed.',
    labels: ['site'],
    across: 'highest'
  },
  intermission_store_reachable: {
    type: 'gauge',
    help: '0 while the store of the modes cannot be reached.'
  },
  intermission_store_stale_seconds: {
    type: 'gauge',
    help: 'For how long the mode here may be an old one; 0 while it is not.'
  },
  intermission_members: {
    type: 'gauge',
    help: 'Gateways that share the modes, this one included, as they are seen from here.',
    labels: ['state']
  },
  intermission_connections: { type: 'gauge', help: 'Open connections of visitors.' },
  intermission_connections_refused_total: {
    type: 'counter',
    help: 'Connections of visitors that were cut because there were too many.',
    labels: ['limit']
  },
  intermission_webhook_attempts_total: {
    type: 'counter',
    help: 'Attempts to tell a receiver of a change.',
    labels: ['outcome']
  },
  intermission_webhook_lost_total: {
    type: 'counter',
    help: 'Changes that a receiver was never told of.'
  },
  intermission_webhook_waiting: {
    type: 'gauge',
    help: 'Changes that a receiver is still to be told of.'
  },
  intermission_reloads_total: {
    type: 'counter',
    help: 'Reloads of the configuration: those that are in force, and those that were refused.',
    labels: ['outcome']
  },
  intermission_config_last_reload_successful: {
    type: 'gauge',
    help: '1 while the last reload was good or there was none, 0 after one that was refused.',
    across: 'highest'
  },
  intermission_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the configuration that is in force was read, in seconds since 1970.',
    across: 'highest'
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process began, in seconds since 1970.',
    across: 'highest'
  },
  process_cpu_seconds_total: { type: 'counter', help: 'CPU time that was used, in seconds.' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory that is held, in bytes.' },
  process_open_fds: { type: 'gauge', help: 'Open file descriptors, connections among them.' },
  process_max_fds: { type: 'gauge', help: 'File descriptors that may be open.' },
  nodejs_eventloop_utilization_ratio: {
    type: 'gauge',
    help: 'Share of the time since the last scrape in which the event loop was busy: 1 is all a process can do.',
    across: 'highest'
  }
} as const satisfies Record<string, Metric>

/** The name of one of our metrics. */
export type MetricName = keyof typeof CATALOG

export const METRICS: Readonly<Record<MetricName, Metric>> = CATALOG
