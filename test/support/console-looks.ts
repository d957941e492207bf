/** How a page looks to who reads it, or goes through it by keyboard. */
import type { Page } from 'playwright-core'

/** What has the focus, by the name that it is read out with, and whether that can be seen. */
export function focused(page: Page): Promise<{ name: string; isSeen: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement
    const label = element.closest('label')
    const name = element.getAttribute('aria-label') ?? label?.textContent ?? element.textContent
    // A radio button is drawn by what stands beside it.
    const drawn = element.matches('.segments input') ? element.nextElementSibling : element
    const { outlineStyle, outlineWidth } = getComputedStyle(drawn ?? element)
    const isSeen = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
    return { name: (name ?? '').trim(), isSeen }
  })
}

/** Texts whose contrast is below 4.5 (WCAG 2.2, 1.4.3). What is switched off does not count. */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = readonly [red: number, green: number, blue: number, alpha: number]
    const read = (text: string): Colour => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number)
      return [red, green, blue, alpha]
    }
    const over = (top: Colour, below: Colour): Colour => {
      const mix = (index: 0 | 1 | 2): number => top[index] * top[3] + below[index] * (1 - top[3])
      return [mix(0), mix(1), mix(2), 1]
    }
    const backgroundOf = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1]
      const own = read(getComputedStyle(element).backgroundColor)
      return own[3] === 1 ? own : over(own, backgroundOf(element.parentElement))
    }
    const luminance = ([red, green, blue]: Colour): number => {
      const part = (value: number): number => {
        const share = value / 255
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      }
      return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
    }
    const faint: string[] = []
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      const own = [...element.childNodes].filter(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
      )
      const isShown = element.checkVisibility() && element.closest('.unseen, :disabled') === null
      if (own.length === 0 || !isShown) continue
      const below = backgroundOf(element)
      const [one, other] = [
        luminance(over(read(getComputedStyle(element).color), below)),
        luminance(below),
      ]
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
      if (contrast < 4.5) faint.push(`${element.textContent} (${contrast.toFixed(1)})`)
    }
    return faint
  })
}
