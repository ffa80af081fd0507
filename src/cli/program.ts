import { Argument, Command, Option } from 'commander'
import { ENV_PREFIX, flagOf } from '../config/option.ts'
import { packageVersion } from '../package-root.ts'
import { firstWords } from './completion-hints.ts'
import { EXIT_CODES } from './exit-codes.ts'
import type { Flag, Io, Verb, Word } from './verb.ts'
import { VERBS } from './verbs.ts'

const GENERAL_HELP = `
Exit codes:
${EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}

Every flag of start has a variable ${ENV_PREFIX}<FLAG> and a key in the file of --config; a flag comes before
the variable, the variable before the file. Client verbs take --admin, --admin-token, --admin-token-file and --state-dir
from the same variables. "intermission <verb> --help" names all of them.`

/**
 * The command line. Parsing it runs the verb.
 *
 * @param done gets the verb's exit code
 */
export function createProgram(io: Io, done: (exitCode: number) => void): Command {
  const program = new Command('intermission')
    .description('A gateway that shows a kind page with the right status while a web app cannot answer.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd())
    })
    .addHelpText('after', GENERAL_HELP)
  for (const verb of VERBS) addVerb(program, verb, io, done)
  for (const { name, summary } of firstWords(VERBS)) commandOf(program, name).description(summary)
  return program
}

function addVerb(program: Command, verb: Verb, io: Io, done: (exitCode: number) => void): void {
  const [name = '', below] = verb.name.split(' ')
  const command = below === undefined ? commandOf(program, name) : commandOf(commandOf(program, name), below)
  command.description(verb.summary)
  for (const word of verb.words ?? []) command.addArgument(argumentOf(word))
  for (const flag of verb.flags) command.addOption(optionOf(flag))
  command.action(async () => {
    const { run } = await verb.load()
    done(await run(command.opts(), io, command.args))
  })
}

function commandOf(parent: Command, name: string): Command {
  return parent.commands.find((command) => command.name() === name) ?? parent.command(name)
}

function argumentOf({ name, description, choices }: Word): Argument {
  const argument = new Argument(`<${name}>`, description)
  return choices === undefined ? argument : argument.choices(choices)
}

function optionOf({ name, metavar, description, defaultText, env }: Flag): Option {
  const notes = [defaultText && `default: ${defaultText}`, env && `env: ${env}`].filter(Boolean).join('; ')
  const text = notes === '' ? description : `${description} (${notes})`
  if (metavar === null) return new Option(flagOf(name), text)
  // Every value is kept: which flags may be repeated is told by the table of options, and with our words.
  const keep = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]
  return new Option(`${flagOf(name)} <${metavar}>`, text).argParser(keep)
}
