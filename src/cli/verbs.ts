import { ADMIN_FLAGS, CLIENT_FLAGS, JSON_FLAG, PREVIEW_FLAGS, SERVER_FLAGS } from './flags.ts'
import type { Flag, Verb } from './verb.ts'

const REASON: Flag = {
  name: 'reason',
  metavar: 'TEXT',
  description: 'why, for the record; visitors do not see it'
}
const IF_REVISION: Flag = {
  name: 'ifRevision',
  metavar: 'N',
  description: 'only when the state still has this revision; exit code 5 when it has another'
}

/** Every verb, in the order of help and README. */
export const VERBS: readonly Verb[] = [
  {
    name: 'start',
    summary: 'run the gateway in the foreground',
    flags: SERVER_FLAGS,
    load: () => import('./start.ts')
  },
  {
    name: 'enter',
    summary: 'enter maintenance: visitors get a 503 page',
    flags: [
      { name: 'message', metavar: 'TEXT', description: 'what visitors read' },
      { name: 'for', metavar: 'DUR', description: 'how long, such as 30m; not together with --until' },
      { name: 'until', metavar: 'TIME', description: 'until when, in ISO 8601 such as 2030-01-31T09:00Z' },
      {
        name: 'onExpiry',
        metavar: 'leave|stay',
        description: 'what to do when that time has come',
        defaultText: 'leave'
      },
      {
        name: 'retryAfter',
        metavar: 'DUR',
        description: 'when clients may come back, where there is no end'
      },
      REASON,
      IF_REVISION,
      ...CLIENT_FLAGS
    ],
    load: () => import('./enter.ts')
  },
  {
    name: 'leave',
    summary: 'leave maintenance: back to live',
    flags: [REASON, IF_REVISION, ...CLIENT_FLAGS],
    load: () => import('./leave.ts')
  },
  {
    name: 'status',
    summary: 'show the mode, since when, by whom and until when',
    flags: CLIENT_FLAGS,
    load: () => import('./status.ts')
  },
  {
    name: 'check',
    summary:
      'validate configuration, folders, token, state and ports without starting; show what is in effect',
    flags: [...SERVER_FLAGS, JSON_FLAG],
    load: () => import('./check.ts')
  },
  {
    name: 'pages init',
    summary: 'write copies of the built-in page, its style, script and words to edit',
    words: [{ name: 'DIR', description: 'folder to write them to; it is made where it is missing' }],
    flags: [JSON_FLAG],
    load: () => import('./pages-init.ts')
  },
  {
    name: 'pages preview',
    summary: 'show every page in every situation and language, on an address of this machine',
    flags: PREVIEW_FLAGS,
    load: () => import('./pages-preview.ts')
  },
  {
    name: 'health',
    summary: "exit with 0 when the gateway may receive traffic, else with 1: for a container's health check",
    flags: [...ADMIN_FLAGS, JSON_FLAG],
    load: () => import('./health.ts')
  },
  {
    name: 'completion',
    summary: 'print a script that completes verbs, flags and values in a shell',
    words: [{ name: 'SHELL', description: 'bash, fish or zsh', choices: ['bash', 'fish', 'zsh'] }],
    flags: [],
    load: async () => ({ run: (await import('./completion.ts')).completionOf(VERBS) })
  }
]
