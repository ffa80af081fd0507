/** One value that somebody gave for an option, before it is read. */
export interface Given {
  /** What was given. Only a file can hold anything but text. */
  value: unknown
  /** The text to read; undefined when it is neither text nor a kind of scalar that has one. */
  text: string | undefined
  /** The option as the giver spelled it. */
  as: string
  /** `file:line:column`, or null. */
  place: string | null
  /** It stands for an empty list, which gives no value but replaces a weaker one. */
  empty?: true
  /** It stands for the default of its option. */
  isDefault?: true
  /** Folder that relative paths start from. */
  baseDir: string
}

/**
 * Who gave it, weakest first: a stronger source replaces the whole value of a weaker one. A site inherits what the top
 * level has, whoever gave it there.
 */
export const SOURCES = ['default', 'inherited', 'file', 'environment', 'flag'] as const

export type Source = (typeof SOURCES)[number]

/** What one source gives, by the name of the option. */
export type GivenOptions = ReadonlyMap<string, readonly Given[]>
