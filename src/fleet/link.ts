import { IntermissionError } from '../errors.ts'
import { describeRedis, type RedisAddress } from '../redis-url.ts'
import { type Connection, type ConnectOptions, connect } from './connection.ts'
import { keepConnected } from './keeper.ts'
import { createLocate } from './locate.ts'
import { channelOf, keysOf, type Script } from './scripts.ts'
import type { Timing } from './timing.ts'

export interface LinkOptions {
  address: RedisAddress
  /** PEM certificates to verify the server with. Default: the well-known ones. */
  ca?: string
  fleet: string
  timing: Timing
  /** There is a connection again: time to see what was missed. */
  onUp(): void
  onDown(reason: Error): void
  /** Somebody has published a hint. */
  onHint(): void
}

/** The way to the keys of one fleet. */
export interface Link {
  /** Whether there is a connection that commands may be sent on. */
  readonly isUp: boolean
  /**
   * Runs a script on the keys of the fleet. Never waits for a connection.
   *
   * @param read makes something of the answer; it throws for what no script of ours answers, which ends the connection
   * @throws IntermissionError ERR_STORE_UNREACHABLE. Nobody can say whether the script ran
   */
  run<T>(script: Script, args: readonly string[], read: (answer: unknown) => T): Promise<T>
  close(): Promise<void>
}

// Not what was asked but whom was wrong: another server has the keys, or this one is not ready.
const WRONG_SERVER = /^(READONLY|MOVED|ASK|LOADING|MASTERDOWN|CLUSTERDOWN|NOAUTH)\b/

export function openLink({ address, ca, fleet, timing, onUp, onDown, onHint }: LinkOptions): Link {
  const { tls, user, password, database } = address
  const options: ConnectOptions = {
    tls,
    user,
    password,
    database,
    timeoutMs: timing.commandMs,
    ...(ca ? { ca } : {})
  }
  const keys = keysOf(fleet)
  const locate = createLocate(address, options, keys[0]!)
  const open = async (): Promise<Connection> => connect(await locate(), options)
  let trouble: Error = new Error('there is no connection yet')

  const commands = keepConnected({
    open,
    reconnectMs: timing.reconnectMs,
    onUp,
    onDown(reason) {
      trouble = reason
      onDown(reason)
    }
  })
  // Hints only make things faster, so its troubles are nobody's business.
  const hints = keepConnected({
    async open() {
      const connection = await open()
      await connection.subscribe(channelOf(fleet), onHint)
      return connection
    },
    reconnectMs: timing.reconnectMs,
    onUp: onHint
  })

  return {
    get isUp() {
      return commands.connection !== undefined
    },
    async run(script, args, read) {
      const { connection } = commands
      if (connection === undefined) throw unreachable(trouble)
      const rest = [String(keys.length), ...keys, ...args]
      let answer: unknown
      try {
        answer = await connection.send(['EVALSHA', script.sha, ...rest]).catch((error: Error) => {
          if (!error.message.startsWith('NOSCRIPT')) throw error
          return connection.send(['EVAL', script.text, ...rest])
        })
      } catch (error) {
        const reason = error as Error
        if (WRONG_SERVER.test(reason.message)) connection.end(reason)
        throw unreachable(reason)
      }
      try {
        return read(answer)
      } catch (error) {
        // Answers that are out of step stay so for as long as the connection lives.
        connection.end(error as Error)
        throw unreachable(error as Error)
      }
    },
    async close() {
      await Promise.all([commands.close(), hints.close()])
    }
  }

  function unreachable(cause: Error): IntermissionError {
    return new IntermissionError(
      'ERR_STORE_UNREACHABLE',
      `the store, ${describeRedis(address)}, cannot be used: ${cause.message}`,
      { cause }
    )
  }
}
