import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { bashCompletion } from '../../src/cli/completion-bash.ts'
import { fishCompletion } from '../../src/cli/completion-fish.ts'
import { zshCompletion } from '../../src/cli/completion-zsh.ts'
import type { Verb } from '../../src/cli/verb.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { flagOf } from '../../src/config/option.ts'
import { intermission, run } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'

/** Gives what a real shell offers for what has been typed. */
type Offers = (t: Cleanup, dir: string, typed: string) => Promise<string[]>

interface Shell {
  name: string
  script(verbs: readonly Verb[]): string
  offers: Offers
}

const load = (): never => assert.fail('a completion runs no verb')
const below = (name: string): Verb => ({
  name: `sched ${name}`,
  summary: `it's to ${name} [now]: "so"`,
  flags: [{ name: 'from', metavar: 'early|late', description: 'when' }],
  load
})
/** Verbs of two words beside the real ones, so that they are tried even when there are none. */
const ALL: readonly Verb[] = [...VERBS, below('add'), below('remove')]

// Types a line into an interactive zsh and says what its completion would have added to it.
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty z 'zsh -f -i'
zpty -w z "autoload -U compinit; compinit -u -D; source $1; unsetopt list_beep; bindkey '^I' complete-word"
zpty -w z 'compadd () {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a found; builtin compadd -A found "$@"; builtin compadd "$@"
  local one; for one in $found; do print -n -- "<$one>" ; done }'
zpty -w z 'print READ\\Y'
zpty -r z out '*READY*'
zpty -n -w z "$2"$'\\t'
all=
for (( i = 0; i < 100; i++ )); do
  while zpty -r -t z more; do all+=$more; done
  [[ $all == *'<'*'>'* ]] && break
  sleep 0.05
done
sleep 0.1
while zpty -r -t z more; do all+=$more; done
print -r -- "$all"
zpty -d z
`

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    script: bashCompletion,
    async offers(t, dir, typed) {
      // As readline splits a line: at spaces and at the equals sign.
      const code = `source ./script
        COMP_WORDS=(${typed.replace(/=/g, ' = ').replace(/ $/, " ''")})
        COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
        _intermission
        printf '%s\\n' "\${COMPREPLY[@]}"`
      return words((await succeed(t, 'bash', ['-u', '-c', code], dir)).split('\n'))
    }
  },
  {
    name: 'fish',
    script: fishCompletion,
    async offers(t, dir, typed) {
      const out = await succeed(t, 'fish', ['-c', `source ./script; complete -C"${typed}"`], dir)
      return words(out.split('\n').map((line) => line.split('\t')[0]!))
    }
  },
  {
    name: 'zsh',
    script: zshCompletion,
    async offers(t, dir, typed) {
      writeFileSync(join(dir, 'driver'), ZSH_DRIVER)
      const out = await succeed(t, 'zsh', ['-f', 'driver', './script', typed], dir)
      return words([...out.matchAll(/<([^<>]+)>/g)].map(([, word = '']) => word))
    }
  }
]

const firsts = [...new Set(ALL.map(({ name }) => name.split(' ')[0]!))]
const CASES: readonly [typed: string, offered: readonly string[]][] = [
  ['intermission ', firsts],
  ['intermission en', ['enter']],
  ['intermission sched ', ['add', 'remove']],
  ['intermission sched remove --from ', ['early', 'late']],
  ['intermission completion ', ['bash', 'fish', 'zsh']],
  ['intermission start --conn', ['--connect-timeout']],
  ['intermission start --balance ', ['least-busy', 'round-robin']],
  ['intermission start --balance least-busy --log-level f', ['fatal']],
  ['intermission check --trust-forwarded=', ['for', 'all']],
  ['intermission start --config inter', ['intermission.yaml']],
  ['intermission start --static fol', ['folder']]
]

for (const { name, script, offers } of SHELLS) {
  test(`${name} completes verbs, flags, values, files and folders`, async (t) => {
    if (requireTool(t, name) === undefined) return
    const dir = tempDir(t)
    writeFileSync(join(dir, 'script'), script(ALL))
    writeFileSync(join(dir, 'intermission.yaml'), '')
    writeFileSync(join(dir, 'folder.txt'), '')
    await succeed(t, 'mkdir', ['folder'], dir)
    for (const [typed, expected] of CASES) {
      const offered = await offers(t, dir, typed)
      // Of a shell's own: the help that commander has, and a flag before its equals sign.
      const known = offered.filter((word) => !['help', '--help', '--version'].includes(word))
      assert.deepEqual(known.sort(), [...expected].sort(), typed)
    }
  })
}

test('intermission completion prints the script of each shell, with every flag in it', async (t) => {
  for (const { name } of SHELLS) {
    const { code, stdout, stderr } = await intermission(t, ['completion', name])
    assert.deepEqual([code, stderr], [0, ''])
    for (const verb of VERBS)
      for (const flag of verb.flags) assert.ok(stdout.includes(flagOf(flag.name).slice(2)), flag.name)
  }
})

// fish adds a slash to a folder, and the whole word to a value behind an equals sign.
function words(lines: string[]): string[] {
  const clean = lines.map((line) => line.replace(/^--[\w-]+=/, '').replace(/\/$/, ''))
  return [...new Set(clean.filter((line) => line !== ''))]
}

async function succeed(t: Cleanup, command: string, args: string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(t, command, args, { cwd, env: { HOME: cwd, TERM: 'xterm' } })
  assert.equal(code, 0, stdout + stderr)
  return stdout
}
