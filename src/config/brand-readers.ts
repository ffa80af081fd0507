/** Readers of how the pages of a site present it. */
import {
  COLOR_ALLOWED,
  isBrandName,
  isColor,
  isImageData,
  isSupportUrl,
  NAME_ALLOWED,
  SUPPORT_URL_ALLOWED
} from '../brand.ts'
import type { ReadContext } from './option.ts'
import { readPath, refuse } from './readers.ts'

export function readBrandName(text: string): string {
  return isBrandName(text) ? text : refuse(text, NAME_ALLOWED)
}

export function readColor(text: string): string {
  return isColor(text) ? text : refuse(text, COLOR_ALLOWED)
}

export function readSupportUrl(text: string): string {
  return isSupportUrl(text) ? text : refuse(text, SUPPORT_URL_ALLOWED)
}

/** An image itself, or the path of one. */
export function readLogo(text: string, context: ReadContext): string {
  return isImageData(text) ? text : readPath(text, context)
}
