/** What the kernel knows of a process's memory and time (Linux: proc(5), `/proc/PID/status` and `stat`). */
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

/** The processor time that a process has used, in milliseconds; undefined where that cannot be read. */
export function processorTimeMs(pid: number): number | undefined {
  const path = `/proc/${pid}/stat`
  if (!existsSync(path)) return undefined
  // The name, in parentheses, may hold spaces. Linux counts in hundredths of a second here.
  const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
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
