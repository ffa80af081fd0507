import type { ConfigProblem } from '../config/problems.ts'
import type { SiteSettings } from '../config/settings.ts'
import { InputError } from '../errors.ts'

/** The folder of pages and the brand, read just as at start. */
export async function checkPages(site: SiteSettings): Promise<ConfigProblem[]> {
  const [{ pageOptions }, { createAnswers }] = await Promise.all([
    import('../site.ts'),
    import('../pages/answers.ts')
  ])
  const { dir, ...look } = pageOptions(site)
  try {
    createAnswers({ pagesDir: dir, ...look }).close()
    return []
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const name = error.field === 'pagesDir' ? 'pages' : error.field
    return [{ name, place: null, text: error.message.slice(error.field.length + 2) }]
  }
}

/**
 * What is wrong inside the folders of pages. A start takes them all the same, and says it in the log.
 *
 * @param note hears of what works, but perhaps not as it was meant
 */
export async function examineFolders(
  sites: readonly SiteSettings[],
  note: (text: string) => void
): Promise<ConfigProblem[]> {
  const { examinePages } = await import('../pages/examine.ts')
  const folders = new Set(sites.map(({ pages }) => pages).filter((folder) => folder !== null))
  const problems: ConfigProblem[] = []
  for (const folder of folders) {
    for (const { file, text, isBroken } of examinePages(folder)) {
      if (isBroken) problems.push({ name: 'pages', place: null, text: `${folder}/${file}: ${text}` })
      else note(`pages: ${folder}/${file}: ${text}`)
    }
  }
  return problems
}
