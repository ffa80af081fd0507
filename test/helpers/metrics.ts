/** As much of Prometheus' text format as the tests need. */

export interface Family {
  name: string
  type: string
  help: string
  lines: string[]
}

/** The families in the order of the text; a line that belongs to none is an error. */
export function readMetrics(text: string): Family[] {
  const families: Family[] = []
  const [last, ...lines] = text.split('\n').reverse()
  if (last !== '') throw new Error('the last line has no end')
  for (const line of lines.reverse()) {
    const [, about, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    const family = families.at(-1)
    if (about === 'HELP') families.push({ name, type: '', help: rest, lines: [] })
    else if (about === 'TYPE' && family?.name === name) family.type = rest
    else if (family !== undefined && family.type !== '' && line.startsWith(family.name))
      family.lines.push(line)
    else throw new Error(`this line belongs to no metric: ${line}`)
  }
  return families
}

/** The value of one line with exactly these labels, in any order; undefined where there is none. */
export function metricValue(
  text: string,
  name: string,
  labels: Record<string, string> = {}
): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  for (const line of text.split('\n')) {
    const [, found, inside = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (found !== name) continue
    const pairs: string[] = inside.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []
    if (pairs.length === wanted.length && wanted.every((pair) => pairs.includes(pair))) return Number(value)
  }
  return undefined
}
