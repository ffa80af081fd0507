/** What the kernel knows of a process's memory (Linux: proc(5), `/proc/PID/status`). */
import { existsSync, readFileSync } from 'node:fs'
import { MIB } from './scale.ts'

export interface ResidentMemory {
  /** Now, in bytes. */
  now: number
  /** The most it ever was, in bytes. */
  peak: number
}

/** Reads it; undefined where there is no such file. */
export function residentMemory(pid: number): ResidentMemory | undefined {
  const path = `/proc/${pid}/status`
  if (!existsSync(path)) return undefined
  const status = readFileSync(path, 'utf8')
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 }
}

/** As `123 MiB`. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`
}

/** How many files a process may have open, as it is for this one and what it starts. */
export function openFileLimit(): number {
  const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : ''
  // Node raises the soft limit to the hard one when it starts.
  return Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
}
