import { parseArgs } from 'node:util'
import { candidates } from '../candidates/index.js'
import { loads } from '../loads/index.js'

const HELP = `usage: node bench/run.js [flags]

  --only LOADS        of: ${loads.map(({ name }) => name).join(', ')}
  --candidates NAMES  of: ${candidates.map(({ name }) => name).join(', ')}
  --rounds N          rounds of each load, all candidates in turn (default 4)
  --seconds S         whole seconds that one candidate is under load in a round (default 2)
  --write             write bench/RESULTS.md
  --note TEXT         conditions of this run, for RESULTS.md
  --smoke             a very short round of each, measuring nothing: do they all answer right?
  -h, --help          this text
`

/** What the command line asks for. Ends the process for --help and for a mistake. */
export function readFlags(words) {
  const options = {
    only: { type: 'string' },
    candidates: { type: 'string' },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
    note: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false }
  }
  try {
    const { values } = parseArgs({ args: words, options })
    if (values.help) leave(process.stdout, HELP, 0)
    return {
      loads: pick(loads, values.only, '--only'),
      candidates: pick(candidates, values.candidates, '--candidates'),
      rounds: wholeNumber(values.rounds, '--rounds'),
      seconds: wholeNumber(values.seconds, '--seconds'),
      smoke: values.smoke,
      write: values.write,
      note: values.note
    }
  } catch (error) {
    return leave(process.stderr, `${error.message}\n\n${HELP}`, 2)
  }
}

function pick(all, names, flag) {
  if (names === undefined) return all
  return names.split(',').map((name) => {
    const found = all.find((one) => one.name === name.trim())
    if (!found) throw new Error(`${flag}: there is no ${name}`)
    return found
  })
}

function wholeNumber(text, flag) {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${flag}: ${text} is not a whole number above 0`)
  return Number(text)
}

function leave(stream, text, code) {
  stream.write(text)
  process.exit(code)
}
