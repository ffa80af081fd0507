#!/usr/bin/env node
import { CommanderError } from 'commander'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { createProgram } from './program.ts'
import type { Io } from './verb.ts'

const { env, stdout, stderr } = process

function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb'
}

const io: Io = {
  out: (line) => void stdout.write(`${line}\n`),
  err: (line) => void stderr.write(`${line}\n`),
  env,
  color: isTerminal(stdout) && (env.NO_COLOR ?? '') === '',
  isTerminal: isTerminal(stdout),
  progress: isTerminal(stderr) ? (line) => void stderr.write(`\r\x1b[K${line}`) : null
}

// `intermission status | head -1`: nobody reads on, and that is no failure.
stdout.on('error', () => undefined)

async function main(words: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.usage
  try {
    await createProgram(io, (code) => (exitCode = code)).parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has said by itself what is wrong; help and version are no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    const wantsStack = env.INTERMISSION_LOG_LEVEL === 'debug' || env.INTERMISSION_LOG_LEVEL === 'trace'
    io.err(wantsStack ? (stack ?? message) : message)
    return exitCodeOf(error)
  }
}

// What a verb left behind, such as a kept connection or a timer, must not keep the command alive.
const code = await main(process.argv.slice(2))
stdout.write('', () => process.exit(code))
