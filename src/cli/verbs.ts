import {
  CLOSURE_FLAGS,
  FROM,
  HOLD,
  IF_REVISION,
  LEAVE_FLAGS,
  LINK_FLAGS,
  MAX_WAIT,
  READ_ONLY,
  REASON,
  SITE,
  WAIT_FLAGS
} from './change-flags.ts'
import { CLIENT_FLAGS, JSON_FLAG, PREVIEW_FLAGS, SERVER_FLAGS } from './flags.ts'
import type { Verb } from './verb.ts'

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
    flags: [...CLOSURE_FLAGS, READ_ONLY, SITE, ...WAIT_FLAGS, IF_REVISION, ...CLIENT_FLAGS],
    load: () => import('./enter.ts')
  },
  {
    name: 'hold',
    summary: 'keep requests waiting, as through a short restart',
    flags: [MAX_WAIT, ...CLOSURE_FLAGS, SITE, ...WAIT_FLAGS, IF_REVISION, ...CLIENT_FLAGS],
    load: () => import('./hold.ts')
  },
  {
    name: 'leave',
    summary: 'leave whatever mode it is: back to live',
    flags: [SITE, ...LEAVE_FLAGS, IF_REVISION, ...CLIENT_FLAGS],
    load: () => import('./leave.ts')
  },
  {
    name: 'status',
    summary: 'show the mode, since when, by whom and until when; the upstreams, and what is under way',
    flags: [
      { name: 'watch', metavar: null, description: 'show it again and again, until interrupted' },
      ...CLIENT_FLAGS
    ],
    load: () => import('./status.ts')
  },
  {
    name: 'schedule add',
    summary: 'plan a window',
    flags: [FROM, ...CLOSURE_FLAGS, READ_ONLY, HOLD, MAX_WAIT, SITE, IF_REVISION, ...CLIENT_FLAGS],
    load: async () => ({ run: (await import('./schedule.ts')).add })
  },
  {
    name: 'schedule list',
    summary: 'show what is planned',
    flags: CLIENT_FLAGS,
    load: async () => ({ run: (await import('./schedule.ts')).list })
  },
  {
    name: 'schedule remove',
    summary: 'take a window out of the plan; one that is running ends',
    words: [{ name: 'ID', description: 'of the window' }],
    flags: [REASON, IF_REVISION, ...CLIENT_FLAGS],
    load: async () => ({ run: (await import('./schedule.ts')).remove })
  },
  {
    name: 'link',
    summary: 'make a link that lets whoever opens it pass while the site is closed',
    flags: [...LINK_FLAGS, ...CLIENT_FLAGS],
    load: async () => ({ run: (await import('./link.ts')).make })
  },
  {
    name: 'link list',
    summary: 'show the links that are good',
    flags: CLIENT_FLAGS,
    load: async () => ({ run: (await import('./link.ts')).list })
  },
  {
    name: 'link revoke',
    summary: 'take a link back: from then on it opens nothing',
    words: [{ name: 'ID', description: 'of the link' }],
    flags: [REASON, ...CLIENT_FLAGS],
    load: async () => ({ run: (await import('./link.ts')).revoke })
  },
  {
    name: 'history',
    summary: 'show the last 100 changes: who, when, why',
    flags: CLIENT_FLAGS,
    load: () => import('./history.ts')
  },
  {
    name: 'fleet ls',
    summary: 'show the gateways that share the state',
    flags: CLIENT_FLAGS,
    load: async () => ({ run: (await import('./fleet.ts')).list })
  },
  {
    name: 'fleet forget',
    summary: 'forget a gateway that is lost: no change waits for it any more',
    words: [{ name: 'MEMBER', description: 'its name, as fleet ls shows it' }],
    flags: [REASON, ...CLIENT_FLAGS],
    load: async () => ({ run: (await import('./fleet.ts')).forget })
  },
  {
    name: 'check',
    summary:
      'validate configuration, folders, token, state and ports without starting; show what is in effect',
    flags: [...SERVER_FLAGS, JSON_FLAG],
    load: () => import('./check.ts')
  },
  {
    name: 'reload',
    summary:
      'read configuration, certificates, tokens and pages anew, as SIGHUP does, and say what came of it',
    flags: CLIENT_FLAGS,
    load: () => import('./reload.ts')
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
    flags: CLIENT_FLAGS,
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
