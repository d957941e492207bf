/** Light or dark: as the system has it, unless the switch says otherwise. */
import { signal } from '@preact/signals'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'resound.theme'
const prefersDark = matchMedia('(prefers-color-scheme: dark)')

const isTheme = (value: unknown): value is Theme => THEMES.some((theme) => theme === value)

const kept = localStorage.getItem(KEY)
export const theme = signal<Theme>(isTheme(kept) ? kept : 'system')

/** Grows with every change of colours: what is drawn has to be drawn again. */
export const coloursVersion = signal(0)

export function applyTheme(chosen: Theme = theme.value): void {
  theme.value = chosen
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
  localStorage.setItem(KEY, chosen)
  coloursVersion.value += 1
}

prefersDark.addEventListener('change', () => {
  coloursVersion.value += 1
})

/** A custom property's colour, as a canvas takes it. */
export function colourOf(property: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${property})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
