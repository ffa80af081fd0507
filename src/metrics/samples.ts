import { METRICS, type MetricName } from './catalog.ts'

/** Names and values of labels. */
export type Labels = Readonly<Record<string, string>>

/** One value of one metric; of a histogram, `part` says which of its values. Plain data, so that processes can pass it on. */
export interface Sample {
  /** The name of the metric. */
  name: MetricName
  /** Which value of a histogram; missing for all others. */
  part?: 'bucket' | 'sum' | 'count'
  /** Names and values of its labels. */
  labels: Labels
  /** The number. */
  value: number
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Puts the samples of several processes together. */
export function mergeSamples(lists: readonly (readonly Sample[])[]): Sample[] {
  const merged = new Map<string, Sample>()
  for (const sample of lists.flat()) {
    const key = lineName(sample)
    const there = merged.get(key)
    if (there === undefined) merged.set(key, { ...sample })
    else if (METRICS[sample.name].across === 'highest') there.value = Math.max(there.value, sample.value)
    else there.value += sample.value
  }
  return [...merged.values()]
}

/** The text that Prometheus reads (its text-based exposition format, version 0.0.4). */
export function exposition(samples: readonly Sample[]): string {
  const lines = new Map<MetricName, string[]>()
  for (const sample of samples) {
    let family = lines.get(sample.name)
    if (family === undefined) {
      const { type, help } = METRICS[sample.name]
      family = [`# HELP ${sample.name} ${escapeHelp(help)}`, `# TYPE ${sample.name} ${type}`]
      lines.set(sample.name, family)
    }
    family.push(`${lineName(sample)} ${valueText(sample.value)}`)
  }
  return `${[...lines.values()].flat().join('\n')}\n`
}

function lineName({ name, part, labels }: Sample): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`)
  return `${name}${part === undefined ? '' : `_${part}`}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`}`
}

function valueText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value)
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}
