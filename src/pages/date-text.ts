/**
 * A point in time in words, for visitors without scripts: the page cannot know their time zone, so it says UTC.
 *
 * @param iso ISO 8601
 * @param language of the page; English when it is none that Intl knows
 * @returns null when it is no time
 */
export function dateText(iso: string, language: string): string | null {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return null
  const locale = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(language) ? language : 'en'
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short'
  }).format(date)
}
