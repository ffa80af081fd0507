import { Writable } from 'node:stream'

const LEVEL_NAMES: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal'
}
const OWN_FIELDS = new Set(['level', 'time', 'msg', 'pid', 'hostname'])

/** Where log lines go: JSON as it is, or one readable line an entry when a person is looking. */
export function createLogStream(output: NodeJS.WriteStream): NodeJS.WritableStream {
  if (!output.isTTY) return output
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      output.write(`${readable(chunk.toString('utf8'))}\n`, done)
    }
  })
}

function readable(line: string): string {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line) as Record<string, unknown>
  } catch {
    return line.trimEnd()
  }
  const time = new Date(Number(entry.time)).toTimeString().slice(0, 8)
  const level = LEVEL_NAMES[Number(entry.level)] ?? String(entry.level)
  const fields = Object.entries(entry)
    .filter(([name]) => !OWN_FIELDS.has(name))
    .map(
      ([name, value]) =>
        `${name}=${name === 'err' ? (value as { message?: string }).message : JSON.stringify(value)}`
    )
  return [time, level.padEnd(5), entry.msg, ...fields].join(' ')
}
