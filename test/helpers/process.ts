/**
 * Child processes for the tests: the command `intermission` itself, and anything else that says when it is ready.
 * What is started here is killed when the test ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/package-root.ts'
import { type Cleanup, tempDir } from './temp-dir.ts'

/** How a process ended. One of the two is null. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** What a finished command left behind. */
export interface Finished extends Exit {
  stdout: string
  stderr: string
}

/** A process that is running. */
export interface Running {
  readonly pid: number
  /** All that was written to stdout so far. */
  readonly stdout: string
  /** All that was written to stderr so far. */
  readonly stderr: string
  /** Settles when the process has ended and its output is complete. */
  readonly exited: Promise<Exit>
  /** Sends a signal, to the whole process group when it was started with `group`. */
  signal(name: NodeJS.Signals): void
  /** Sends SIGTERM, or another signal, and waits for the end. Harmless when it has ended. */
  stop(name?: NodeJS.Signals): Promise<Exit>
  /** `kill -9`, and waits for the end. */
  kill9(): Promise<Exit>
  /**
   * Waits until stdout or stderr matches, and gives the pattern's first group, or all that it matched when it has none.
   * Fails, with all the output, when the process ends first or after 20 s.
   */
  waitFor(pattern: RegExp): Promise<string>
}

/** A running gateway. */
export interface GatewayProcess extends Running {
  /** The base URL of the public listener, without a slash at the end; `unix:/path` for a socket. */
  readonly url: string
  /** The base URL of the admin listener; empty with `--admin off`. */
  readonly adminUrl: string
  /** Where it keeps its state and its token. */
  readonly stateDir: string
}

export interface ProcessOptions {
  /** Folder to start in. Default: the project's. */
  cwd?: string
  /** Added to an environment which has none of our own variables. A variable that is undefined is taken away. */
  env?: Record<string, string | undefined>
  /** Makes it the leader of its own process group, which signals then reach as a whole. Default false. */
  group?: boolean
}

export interface IntermissionOptions extends ProcessOptions {
  /** An installed command. Default: {@link COMMAND}. */
  from?: string
}

const BUILT = join(packageRoot, 'dist/src/cli/main.js')
/** The command `intermission`, as it was built, for a shell. */
export const COMMAND = `${process.execPath} ${BUILT}`

const READY_WITHIN_MS = 20_000

/** Starts a command. Its end is not an error by itself; see {@link Running.waitFor}. */
export function startProcess(
  t: Cleanup,
  command: string,
  args: string[],
  options: ProcessOptions = {}
): Running {
  const group = options.group ?? false
  const child = spawn(command, args, {
    cwd: options.cwd ?? packageRoot,
    env: childEnvironment(options.env),
    detached: group,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const output = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const listener of [...listeners]) listener()
    })
  }
  const exited = endOf(child, output)

  function signal(name: NodeJS.Signals): void {
    if (child.pid === undefined) return
    try {
      process.kill(group ? -child.pid : child.pid, name)
    } catch (error) {
      // Already gone, which is what whoever sends a signal wants in the end.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  async function stop(name: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    signal(name)
    return exited
  }

  async function waitFor(pattern: RegExp): Promise<string> {
    const found = (): RegExpExecArray | null => pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
    const why = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(`nothing matched within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS)
      const listener = (): void => {
        if (!found()) return
        clearTimeout(timer)
        listeners.delete(listener)
        resolve(undefined)
      }
      listeners.add(listener)
      void exited.then(({ code, signal }) => {
        clearTimeout(timer)
        resolve(found() ? undefined : `it ended with ${signal ?? code}`)
      })
      listener()
    })
    const match = found()
    if (match) return match[1] ?? match[0]
    throw new Error(
      `${command} ${args.join(' ')}: waited for ${pattern}, ${why}\n${output.stdout}${output.stderr}`
    )
  }

  t.after(() => stop('SIGKILL'))
  return {
    pid: child.pid ?? 0,
    get stdout() {
      return output.stdout
    },
    get stderr() {
      return output.stderr
    },
    exited,
    signal,
    stop,
    kill9: () => stop('SIGKILL'),
    waitFor
  }
}

/** Runs a command to its end. */
export async function run(
  t: Cleanup,
  command: string,
  args: string[],
  options: ProcessOptions = {}
): Promise<Finished> {
  const running = startProcess(t, command, args, options)
  const exit = await running.exited
  return { ...exit, stdout: running.stdout, stderr: running.stderr }
}

/**
 * Starts `intermission start` and waits until it serves. Unless the arguments say otherwise it listens on free ports and
 * keeps its state in a folder of this test's own.
 */
export async function startGateway(
  t: Cleanup,
  args: string[] = [],
  options: IntermissionOptions = {}
): Promise<GatewayProcess> {
  const stateDir = flagValue(args, '--state-dir') ?? tempDir(t)
  const all = [...args]
  for (const [flag, value] of [
    ['--listen', '127.0.0.1:0'],
    ['--admin', '127.0.0.1:0'],
    ['--state-dir', stateDir]
  ] as const) {
    if (flagValue(args, flag) === undefined) all.push(flag, value)
  }
  const [command, first] = commandOf(options)
  const gateway = startProcess(t, command, [...first, 'start', ...all], options)
  const url = await gateway.waitFor(/^intermission listening on (\S+)$/m)
  const admin = flagValue(all, '--admin') !== 'off'
  const adminUrl = admin ? await gateway.waitFor(/^intermission admin on (\S+)$/m) : ''
  // Not a spread: that would read the output once and for all.
  return Object.assign(Object.create(gateway) as Running, { url, adminUrl, stateDir })
}

/** The port of a URL that a gateway has printed. */
export function portOf(url: string): number {
  return Number(new URL(url).port)
}

/** Starts a verb of `intermission` that goes on until it is stopped. */
export function startIntermission(t: Cleanup, args: string[], options: IntermissionOptions = {}): Running {
  const [command, first] = commandOf(options)
  return startProcess(t, command, [...first, ...args], options)
}

/** Runs a verb of `intermission` to its end. */
export function intermission(
  t: Cleanup,
  args: string[],
  options: IntermissionOptions = {}
): Promise<Finished> {
  const [command, first] = commandOf(options)
  return run(t, command, [...first, ...args], options)
}

function commandOf({ from }: IntermissionOptions): [command: string, first: string[]] {
  if (from !== undefined) return [from, []]
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: npm run build`)
  return [process.execPath, [BUILT]]
}

function flagValue(args: string[], flag: string): string | undefined {
  const joined = args.find((arg) => arg.startsWith(`${flag}=`))
  if (joined) return joined.slice(flag.length + 1)
  const at = args.indexOf(flag)
  return at < 0 ? undefined : args[at + 1]
}

// What the developer's shell, the platform or the npm above us has set must not change how a test runs. How npm finds its
// registry stays.
const FOREIGN =
  /^(INTERMISSION_|PORT$|STATE_DIRECTORY$|XDG_STATE_HOME$|NODE_TEST_CONTEXT$|npm_(?!config_)|npm_config_((local_)?prefix|engine_strict)$)/

function childEnvironment(extra: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))
  return { ...Object.fromEntries(own), ...extra }
}

function endOf(child: ChildProcess, output: { stderr: string }): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
    // A command that cannot be started ends like one that a shell does not find.
    child.once('error', (error) => {
      output.stderr += error.message
      resolve({ code: 127, signal: null })
    })
  })
}
