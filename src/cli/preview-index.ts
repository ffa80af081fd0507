import type { Sample } from '../pages/samples.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { margin: 0 auto; max-width: 120rem; padding: 1.5rem; }
  nav { display: flex; flex-wrap: wrap; gap: .5rem; margin-block: 1rem 2rem; }
  nav a { padding: .25rem .75rem; border: 1px solid; border-radius: 2rem; text-decoration: none; color: inherit; }
  nav a[aria-current] { font-weight: 700; border-width: 2px; }
  ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 2rem 1.5rem; padding: 0; list-style: none; }
  h2 { margin: 0 0 .5rem; font-size: 1rem; }
  iframe { width: 100%; height: 38rem; border: 1px solid #8888; border-radius: .5rem; }
`

/** The page that leads to all others. Its pages are shown in frames, so that an edit is seen everywhere with one reload. */
export function previewIndex(
  samples: readonly Sample[],
  languages: readonly string[],
  wanted: string
): string {
  const language = languages.includes(wanted) ? wanted : languages.includes('en') ? 'en' : languages[0]!
  const links = languages.map((tag) => {
    const current = tag === language ? ' aria-current="page"' : ''
    return `<a href="/?language=${tag}" hreflang="${tag}"${current}>${nameOf(tag)}</a>`
  })
  const figures = samples.map(({ name, title, problem, method }) => {
    const path = `/${language}/${name}`
    return `<li><h2><a href="${path}">${title}</a> (${problem.status}${method === 'POST' ? ', POST' : ''})</h2>
      <iframe src="${path}" title="${title}" loading="lazy"></iframe></li>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pages</title>
<style>${STYLE}</style>
<h1>The pages of this site</h1>
<p>Every situation in one language. An edit of the folder shows after a reload of this page.</p>
<nav aria-label="Languages">${links.join('\n')}</nav>
<ul>${figures.join('\n')}</ul>
</html>
`
}

function nameOf(tag: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag
}
