/** Each attempt is a round trip or two. */
const MOST_ATTEMPTS = 300

/** Finds fewer bytes that fail in the same way: takes away pieces, from large to small ones. */
export async function shrink(text: string, fails: (smaller: string) => Promise<boolean>): Promise<string> {
  let smallest = text
  let attempts = 0
  for (let piece = Math.floor(text.length / 2); piece >= 1; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < smallest.length && attempts < MOST_ATTEMPTS; attempts++) {
      const smaller = smallest.slice(0, at) + smallest.slice(at + piece)
      if (await fails(smaller)) smallest = smaller
      else at += piece
    }
  }
  return smallest
}
