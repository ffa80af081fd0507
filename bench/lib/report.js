/** Tables that read well both on a terminal and as Markdown. */
import { judgeGoals } from './goals.js'
import { isUsable, ratio, summary } from './statistics.js'

const NONE = '-'

export function loadTable(load, { rows, skipped }) {
  const lines = load.tool === 'idle' ? idleTable(rows) : speedTable(load, rows)
  const notes = skipped.map(({ candidate, why }) => `- skipped: ${candidate.title}: ${why}`)
  return [
    `### ${load.title} (\`${load.name}\`)`,
    '',
    ...lines,
    ...(notes.length > 0 ? ['', ...notes] : [])
  ].join('\n')
}

function speedTable(load, rows) {
  const find = (name) => rows.find(({ candidate }) => candidate.name === name)
  const what = load.tool === 'websocket' ? 'message' : 'request'
  const head = ['candidate', `CPU µs/${what}`, 'CPU ÷ limit', 'CPU ÷ nginx', `${what}s/s`]
  head.push(`${what}s/s ÷ limit`, `${what}s/s ÷ nginx`, 'MiB')
  const body = rows.map((row) => {
    const { candidate, rounds, errors } = row
    if (!isUsable(row)) return [candidate.title, `INVALID: ${[...errors].join('; ')}`, '', '', '', '', '', '']
    const against = (figure) =>
      ['limit', 'nginx'].map((name) => (find(name) ? range(ratio(row, find(name), figure), times) : NONE))
    return [
      candidate.title,
      range(summary(rounds.map(({ cpuMicros }) => cpuMicros)), count),
      ...against('cpuMicros'),
      range(summary(rounds.map(({ perSecond }) => perSecond)), count),
      ...against('perSecond'),
      count(row.residentMiB)
    ]
  })
  const foreign = rows
    .filter(isUsable)
    .flatMap(({ rounds }) => rounds.map(({ foreignShare }) => foreignShare))
  return [
    ...table(head, body),
    '',
    `Others had ${range(summary(foreign), percent)} of the machine meanwhile.`
  ]
}

function idleTable(rows) {
  const body = rows.map(({ candidate, idle, errors }) => {
    if (errors.size > 0) return [candidate.title, `INVALID: ${[...errors].join('; ')}`, '', '']
    return [candidate.title, count(idle.at), count(idle.atStart), `${idle.perConnection.toFixed(1)}`]
  })
  return table(['candidate', 'MiB with them', 'MiB before', 'KiB a connection'], body)
}

export function goalTable(results) {
  const body = judgeGoals(results).map(({ load, of, to, atMost, atLeast, measured, met, nginx }) => {
    const aim = atMost === undefined ? `at least ${times(atLeast)}` : `at most ${times(atMost)}`
    const name = of.length > 1 ? `best other Node proxy (${measured.name})` : of[0]
    return [load, `${name} ÷ ${to}`, range(measured, times), aim, met ? 'yes' : 'NO', range(nginx, times)]
  })
  if (body.length === 0) return undefined
  const head = ['load', 'CPU per request', 'measured', 'aim', 'met', 'intermission ÷ nginx']
  return ['### Against the aims', '', ...table(head, body)].join('\n')
}

function range(value, format) {
  return value ? `${format(value.median)} (${format(value.min)}-${format(value.max)})` : NONE
}

function times(value) {
  return value.toFixed(2)
}

function percent(value) {
  return `${Math.round(value * 100)} %`
}

function count(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(value < 10 ? 2 : 1)
}

function table(head, body) {
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => (cells[i] ?? '').length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)]
}
