/** Kinds of options that there are several of. */
import { formatDuration } from '../duration.ts'
import type { OptionSpec } from './option.ts'
import * as read from './readers.ts'

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
