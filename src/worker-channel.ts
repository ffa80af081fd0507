/** Questions and answers between the primary and a worker, over the channel that `node:cluster` gives them. */
import type { Socket } from 'node:net'
import { type ErrorCode, IntermissionError } from './errors.ts'

/** The part of a process, or of a worker, that is needed. */
export interface Port {
  send?(
    message: object,
    handle?: Socket,
    options?: { keepOpen?: boolean },
    done?: (error: Error | null) => void
  ): boolean
  on(event: 'message', listener: (message: unknown, handle?: unknown) => void): unknown
}

/** What the other side may ask for, by name. */
export type Handlers = Record<string, (argument: never, socket: Socket | undefined) => unknown>

export interface Channel {
  /** Asks the other side. Rejects when it is gone, or says nothing within `timeoutMs`. */
  call<T>(name: string, argument: unknown, timeoutMs?: number): Promise<T>
  /** Tells the other side, and waits for nothing. */
  tell(name: string, argument: unknown): void
  /** Hands a connection over; resolves when the other side has it. */
  hand(name: string, argument: unknown, socket: Socket): Promise<void>
  /** Fails everything that is waited for. */
  close(): void
}

interface Message {
  im: 'ask' | 'tell' | 'answer'
  id: number
  name?: string
  value?: unknown
  /** When a connection was handed over, on a clock that both sides share. */
  handedMs?: number
  error?: { code: ErrorCode | null; message: string }
}

const HAND_TIMEOUT_MS = 5000
/** Later the one who handed it over may have given it to somebody else: shorter than his patience by what an answer takes. */
const TAKE_WITHIN_MS = 3000

/** Counts from the start of the machine, unlike `performance.now()`. */
const sharedClockMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

export function createChannel(port: Port, handlers: Handlers): Channel {
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>()
  let lastId = 0
  let closed = false

  port.on('message', (raw, handle) => {
    const message = raw as Message
    if (message?.im === 'answer') settle(message)
    else if (message?.im === 'ask' || message?.im === 'tell')
      void answer(message, handle as Socket | undefined)
  })

  return {
    call: (name, argument, timeoutMs) => ask(name, argument, undefined, timeoutMs),
    tell: (name, argument) => send({ im: 'tell', id: 0, name, value: argument }),
    hand: (name, argument, socket) => ask(name, argument, socket, HAND_TIMEOUT_MS),
    close() {
      closed = true
      for (const { reject } of waiting.values()) reject(new Error('the other process has ended'))
      waiting.clear()
    }
  }

  function ask<T>(name: string, value: unknown, socket: Socket | undefined, timeoutMs?: number): Promise<T> {
    const id = ++lastId
    return new Promise<T>((resolve, reject) => {
      if (closed) return reject(new Error('the other process has ended'))
      const fail = (error: Error): void => {
        clearTimeout(timer)
        waiting.delete(id)
        reject(error)
      }
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => fail(new Error(`no answer to ${name} within ${timeoutMs} ms`)), timeoutMs)
      waiting.set(id, {
        resolve(answered) {
          clearTimeout(timer)
          resolve(answered)
        },
        reject: fail
      })
      const handed = socket === undefined ? {} : { handedMs: sharedClockMs() }
      send({ im: 'ask', id, name, value, ...handed }, socket, fail)
    })
  }

  function send(message: Message, socket?: Socket, failed?: (error: Error) => void): void {
    const done = (error: Error | null): void => {
      if (error !== null) failed?.(error)
    }
    try {
      // The connection stays ours until the other side says that it has it.
      port.send?.(message, socket, { keepOpen: true }, done)
    } catch (error) {
      failed?.(error as Error)
    }
  }

  async function answer(asked: Message, socket: Socket | undefined): Promise<void> {
    const { im, id, name = '', value, handedMs = Number.POSITIVE_INFINITY } = asked
    const reply: Message = { im: 'answer', id }
    try {
      if (sharedClockMs() - handedMs > TAKE_WITHIN_MS) {
        socket?.destroy()
        throw new Error('it came too late')
      }
      reply.value = await handlers[name]?.(value as never, socket)
    } catch (error) {
      const { code, message } = error as IntermissionError
      reply.error = { code: error instanceof IntermissionError ? code : null, message }
    }
    if (im === 'ask') send(reply)
  }

  function settle({ id, value, error }: Message): void {
    const waiter = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) waiter?.resolve(value as never)
    else
      waiter?.reject(
        error.code === null ? new Error(error.message) : new IntermissionError(error.code, error.message)
      )
  }
}
