// Writes the tables of options, verbs, exit codes and metrics into the documents, between markers such as `<!-- options -->`
// and `<!-- /options -->`, from the same rows that the code is made of.
// usage: node --import tsx test/tools/readme-tables.ts [--check] [FILE ...]
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import { CLIENT_FLAGS, SERVER_FLAGS } from '../../src/cli/flags.ts'
import type { Flag, Verb } from '../../src/cli/verb.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { flagOf } from '../../src/config/option.ts'
import { METRICS } from '../../src/metrics/catalog.ts'
import { packageRoot } from '../../src/package-root.ts'
import { BAD_ANSWERS } from '../bad-input/app-cases.ts'
import { GROUPS } from '../bad-input/cases.ts'

const TABLES: Record<string, () => string> = {
  options: () =>
    table(
      ['Flag', 'Variable', 'Key', 'Default', 'Meaning'],
      SERVER_FLAGS.map((flag) => [
        code(usage(flag)),
        code(flag.env ?? ''),
        flag.name === 'config' ? '' : code(flag.name),
        flag.defaultText ?? '',
        flag.description
      ])
    ),
  verbs: () =>
    table(
      ['Verb', 'Does', 'Flags'],
      VERBS.map((verb) => [code(verbUsage(verb)), verb.summary, flagsOf(verb)])
    ),
  'exit-codes': () =>
    table(
      ['Code', 'Meaning'],
      EXIT_CODES.map(([number, meaning]) => [String(number), meaning])
    ),
  'bad-requests': () =>
    GROUPS.map(({ title, cases }) => {
      const rows = cases.map(({ name, answer, app = [] }) => [
        name,
        answerText(answer),
        app.map(shown).join(', ')
      ])
      return `### ${title}\n\n${table(['What a client sends', 'What it gets', 'What the app gets'], rows)}`
    }).join('\n\n'),
  'bad-answers': () =>
    table(
      ['What the app sends', 'What a visitor gets'],
      BAD_ANSWERS.map(({ name, answer }) => [name, answer.replace(' cut', ', seen to be cut')])
    ),
  metrics: () =>
    table(
      ['Metric', 'Type', 'Labels', 'Meaning'],
      Object.entries(METRICS).map(([name, { type, labels = [], help }]) => [
        code(name),
        type,
        labels.map(code).join(', '),
        help
      ])
    )
}
/** The tables that each document must have. */
const DOCUMENTS: Record<string, string[]> = {
  'README.md': ['options', 'verbs'],
  'docs/observing.md': ['metrics'],
  'docs/bad-input.md': ['bad-requests', 'bad-answers']
}
const LONGEST_SHOWN = 40

function shown(request: string): string {
  return code(request.length > LONGEST_SHOWN ? `${request.slice(0, LONGEST_SHOWN)}...` : request)
}

// `200 400, end` are two answers, after which the connection is closed.
function answerText(answer: string): string {
  return answer
    .replace(/ (?=\d)/, ', then ')
    .replace(/^, end/, 'the end')
    .replace(', end', ', and the end')
}

function flagsOf({ flags }: Verb): string {
  const own = flags.filter((flag) => ![...SERVER_FLAGS, ...CLIENT_FLAGS].includes(flag))
  const shared = [
    ...(flags.includes(SERVER_FLAGS[0]!) ? ['all options'] : []),
    ...CLIENT_FLAGS.filter((flag) => flags.includes(flag)).map((flag) => code(usage(flag)))
  ]
  return [...own.map((flag) => code(usage(flag))), ...shared].join(', ')
}

function verbUsage({ name, words = [] }: Verb): string {
  return [name, ...words.map((word) => word.name)].join(' ')
}

function usage({ name, metavar }: Flag): string {
  return metavar === null ? flagOf(name) : `${flagOf(name)} ${metavar}`
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function withTables(text: string, required: string[]): string {
  let result = text
  for (const [name, make] of Object.entries(TABLES)) {
    const open = `<!-- ${name} -->\n`
    const close = `<!-- /${name} -->`
    const start = result.indexOf(open) + open.length
    const end = result.indexOf(close)
    const there = start >= open.length && end >= start
    if (there) result = `${result.slice(0, start)}${make()}\n${result.slice(end)}`
    else if (required.includes(name)) throw new Error(`no ${open.trim()} and ${close} in it`)
  }
  return result
}

const words = process.argv.slice(2)
const given = words.filter((word) => !word.startsWith('--'))
const paths = given.length > 0 ? given : Object.keys(DOCUMENTS).map((name) => join(packageRoot, name))
for (const path of paths) {
  try {
    const required = Object.entries(DOCUMENTS).find(([name]) => path.endsWith(name))?.[1] ?? []
    const before = readFileSync(path, 'utf8')
    const after = withTables(before, required)
    if (!words.includes('--check')) writeFileSync(path, after)
    else if (before !== after)
      throw new Error('its tables are stale; run node --import tsx test/tools/readme-tables.ts')
  } catch (error) {
    console.error(`${path}: ${(error as Error).message}`)
    process.exitCode = 1
  }
}
