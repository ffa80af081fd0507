/** Colours that can be read: contrast as WCAG 2.2 defines it (relative luminance, success criterion 1.4.3). */

type Rgb = readonly [red: number, green: number, blue: number]

/** The least contrast of text at level AA. */
const AA = 4.5
const BLACK: Rgb = [0, 0, 0]
const WHITE: Rgb = [255, 255, 255]

/** The contrast between two colours, 1 (none) to 21 (black on white). */
export function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(parse(one)), luminance(parse(other))].sort((a, b) => a - b)
  return (lighter! + 0.05) / (darker! + 0.05)
}

/**
 * The nearest colour that can be read on all of these backgrounds: the colour itself, or as little darker (on light
 * ones) or lighter (on dark ones) as it takes.
 *
 * @param wanted the least contrast
 */
export function readable(color: string, backgrounds: readonly string[], wanted = AA): string {
  const dark = backgrounds.every((background) => luminance(parse(background)) < 0.18)
  const from = parse(color)
  for (let step = 0; step <= 50; step++) {
    const tried = format(mix(from, dark ? WHITE : BLACK, step / 50))
    if (backgrounds.every((background) => contrast(tried, background) >= wanted)) return tried
  }
  return format(dark ? WHITE : BLACK)
}

function parse(color: string): Rgb {
  const digits = color.length === 4 ? color.replace(/[\da-f]/gi, '$&$&') : color
  return [1, 3, 5].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)) as unknown as Rgb
}

function format(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((part, index) => part + (to[index]! - part) * share) as unknown as Rgb
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const value = part / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as unknown as Rgb
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
