import { KINDS, type Kind } from './kinds.ts'
import type { Look } from './look.ts'
import { createPage, type Page } from './page.ts'
import { policyFor } from './policy.ts'
import { fillTemplate, PLACEHOLDERS, parseTemplate, type Template } from './render.ts'
import { COMMON_WORDS, type Words } from './words.ts'

/** What may stand in page.html besides the placeholders of every page; filled when pages are loaded. */
export const TEMPLATE_NAMES: readonly string[] = [
  ...['lang', 'dir', 'kind', 'heading', 'text', 'name', 'style', 'script'],
  ...['brandName', 'logo', 'supportUrl', 'iconColor'],
  ...['watches', 'again', 'restMs', 'returnSpreadMs'],
  ...KINDS.map(({ name }) => name),
  ...COMMON_WORDS
]

/** What one page is made of. */
export interface Ingredients {
  /** See {@link createMould}. */
  mould: Template
  kind: Kind
  language: string
  words: Words
  look: Look
  /** Whether there is somebody to ask if the site answers again. */
  returns: boolean
}

/**
 * Joins the parts of a template, each given as one character a byte, and cuts it at what is filled when pages are
 * loaded. Comments are for those who edit, not for visitors.
 */
export function createMould(html: string, css: string, js: string, look: Look): Template {
  const style = css.replace(/\/\*[\s\S]*?\*\//g, '') + look.css
  const script = js.replace(/^\s*\/\/.*$/gm, '')
  const whole = html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace('{{style}}', () => style)
    .replace('{{script}}', () => script)
    .replace(/\n[ \t]*(?=\n)/g, '')
  return parseTemplate(whole, TEMPLATE_NAMES)
}

/** Names in page.html that mean nothing at all, and parts without an end. */
export function templateProblems(html: string): readonly string[] {
  return parseTemplate(html, [...TEMPLATE_NAMES, ...PLACEHOLDERS]).problems
}

/** Makes the page of one kind in one language, with the policy that it works under. */
export function composePage(from: Ingredients): { page: Page; policy: string } {
  const { kind, language, words, look, mould } = from
  const name = look.name ?? words.thisSite ?? ''
  const said = Object.fromEntries(
    Object.entries(words).map(([key, text]) => [key, text.replaceAll('{{name}}', name)])
  )
  const watches = kind.watches && from.returns
  const bytes = fillTemplate(mould, {
    ...said,
    lang: language,
    dir: words.direction ?? 'ltr',
    kind: kind.name,
    [kind.name]: true,
    heading: said[`${kind.name}.heading`],
    text: said[`${kind.name}.text`],
    name,
    brandName: look.name,
    logo: look.logo,
    supportUrl: look.supportUrl,
    iconColor: look.iconColor,
    watches,
    again: kind.again,
    restMs: kind.restMs,
    returnSpreadMs: look.returnSpreadMs
  })
  // What words, look and kinds left behind where they had nothing to say.
  const page = createPage(`${kind.name}.${language}`, bytes.replace(/\n[ \t]*(?=\n)/g, ''))
  return { page, policy: policyFor(page.bytes, { images: look.logoIsAsset, status: watches }) }
}
