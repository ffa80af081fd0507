/** A set of listeners, none of which can fail the one who tells, or keep the others from being told. */
export interface Listeners<T> {
  /** @returns a function that ends it; the same function may be added twice */
  add(listener: (value: T) => void): () => void
  tell(value: T): void
  clear(): void
}

export function createListeners<T>(onError: (error: unknown) => void): Listeners<T> {
  const entries = new Set<{ listener: (value: T) => void }>()
  return {
    add(listener) {
      const entry = { listener }
      entries.add(entry)
      return () => void entries.delete(entry)
    },
    tell(value) {
      for (const { listener } of entries) {
        try {
          listener(value)
        } catch (error) {
          onError(error)
        }
      }
    },
    clear: () => entries.clear()
  }
}
