/** Kinds of options that there are several of. */
import { formatDuration } from '../duration.ts'
import type { OptionSpec } from './option.ts'
import * as read from './readers.ts'
import { refuse } from './readers.ts'

export function path(
  name: string,
  metavar: string,
  description: string,
  defaultText = 'none'
): OptionSpec<string | null> {
  return { name, metavar, description, defaultText, read: read.readPath, fallback: () => null }
}

export function toggle(name: string, description: string): OptionSpec<boolean> {
  return {
    name,
    metavar: null,
    description,
    defaultText: 'off',
    scalar: 'boolean',
    read: read.readSwitch,
    fallback: () => false
  }
}

export function duration(
  name: string,
  defaultText: string,
  description: string,
  leastMs = 1
): OptionSpec<number> {
  return {
    name,
    metavar: 'DUR',
    description,
    defaultText,
    read: (text) => read.readTimeout(text, leastMs),
    fallback: () => read.readTimeout(defaultText, leastMs),
    show: formatDuration
  }
}

/** A setting that is on or off, and whose flag says which. */
export function onOff(name: string, fallback: 'on' | 'off', description: string): OptionSpec<boolean> {
  return {
    name,
    metavar: 'on|off',
    scalar: 'boolean',
    description,
    defaultText: fallback,
    read: read.readSwitch,
    fallback: () => fallback === 'on',
    show: (on) => (on ? 'on' : 'off')
  }
}

/** One of a few words; the first is the default. */
export function choice<T extends string>(
  name: string,
  words: readonly [T, ...T[]],
  description: string
): OptionSpec<T> {
  const [first] = words
  const allowed = words.join(', ').replace(/, ([^,]+)$/, ' or $1')
  const read = (text: string): T => words.find((word) => word === text) ?? refuse(text, allowed)
  return { name, metavar: words.join('|'), description, defaultText: first, read, fallback: () => first }
}
