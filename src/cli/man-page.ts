import { ENV_PREFIX, flagOf } from '../config/option.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { CLIENT_FLAGS, SERVER_FLAGS } from './flags.ts'
import type { Flag, Verb } from './verb.ts'

const SIGNALS: readonly (readonly [string, string])[] = [
  ['TERM, INT', 'let the requests in flight finish, then stop; a second one stops at once']
]

/** The manual page of the command, in the language of man(7), made of what the help is made of. */
export function manPage(verbs: readonly Verb[], version: string): string {
  const blocks = [
    `.TH INTERMISSION 1 "" "intermission ${version}" "User Commands"`,
    // A name that is broken in two cannot be copied. The register is what the macros go back to at every paragraph.
    '.nr HY 0',
    '.hy 0',
    section('NAME', 'intermission \\- show a kind page with the right status while a web app cannot answer'),
    section('SYNOPSIS', ...verbs.map((verb) => synopsis(verb))),
    section(
      'DESCRIPTION',
      text(
        'Intermission stands in front of a web app. It serves files first and forwards the rest. When the app'
      ),
      text('is gone it answers with a 502 or 504 page, and with a 503 page when an operator says so.')
    ),
    section('VERBS', ...verbs.flatMap((verb) => describe(verb))),
    section(
      'OPTIONS OF START AND CHECK',
      text(
        `A flag comes before its variable ${ENV_PREFIX}<FLAG>, the variable before the key in the file of`
      ),
      text('--config, the file before the default.'),
      ...SERVER_FLAGS.flatMap((flag) => option(flag))
    ),
    section(
      'FLAGS OF CLIENT VERBS',
      text('All verbs that talk to a running gateway take these.'),
      ...CLIENT_FLAGS.flatMap((flag) => option(flag))
    ),
    section('EXIT STATUS', ...EXIT_CODES.flatMap(([code, meaning]) => item(`\\fB${code}\\fR`, meaning))),
    section('SIGNALS', ...SIGNALS.flatMap(([name, does]) => item(`\\fB${text(name)}\\fR`, does)))
  ]
  return `${blocks.join('\n')}\n`
}

function section(title: string, ...lines: string[]): string {
  return [`.SH ${title}`, ...lines].join('\n')
}

function synopsis({ name, words = [], flags }: Verb): string {
  const rest = [
    ...words.map((word) => `\\fI${text(word.name)}\\fR`),
    ...(flags.length > 0 ? ['[flags]'] : [])
  ]
  return `\\fBintermission ${text(name)}\\fR ${rest.join(' ')}\n.br`
}

function describe(verb: Verb): string[] {
  const { name, words = [], flags, summary } = verb
  const own = flags.filter((flag) => !SERVER_FLAGS.includes(flag) && !CLIENT_FLAGS.includes(flag))
  const all = flags.includes(SERVER_FLAGS[0]!) ? [text('Takes all options below.')] : []
  return [
    `.SS ${text([name, ...words.map((word) => word.name)].join(' '))}`,
    sentence(summary),
    ...all,
    ...words.flatMap((word) => item(`\\fI${text(word.name)}\\fR`, word.description)),
    ...own.flatMap((flag) => option(flag))
  ]
}

function option({ name, metavar, description, defaultText, env }: Flag): string[] {
  const value = metavar === null ? '' : ` \\fI${text(metavar)}\\fR`
  const notes = [defaultText && `Default: ${defaultText}.`, env && `Variable: ${env}.`].filter(Boolean)
  return [...item(`\\fB${text(flagOf(name))}\\fR${value}`, description), ...notes.map((note) => text(note!))]
}

function item(term: string, description: string): string[] {
  return ['.TP', term, sentence(description)]
}

function sentence(words: string): string {
  return text(`${words.charAt(0).toUpperCase()}${words.slice(1)}.`)
}

// A hyphen is a minus, so that flags can be copied; a line must not begin like a request.
function text(words: string): string {
  const escaped = words.replaceAll('\\', '\\e').replaceAll('-', '\\-')
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped
}
