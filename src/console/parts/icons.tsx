/** Line drawings of 20 by 20, beside words that say the same. */
import type { ComponentChildren } from 'preact'

const Icon = ({ children }: { children: ComponentChildren }) => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    {children}
  </svg>
)

export const OverviewIcon = () => (
  <Icon>
    <path d="M3 16.5h14M5 13V9.5M10 13V4M15 13V7" />
  </Icon>
)
export const ChannelsIcon = () => (
  <Icon>
    <path d="M7.5 3 6 17M14 3l-1.5 14M3.5 7.5h13.5M3 12.5h13.5" />
  </Icon>
)
export const ConnectionsIcon = () => (
  <Icon>
    <path d="M6.5 3v4M13.5 3v4M4 7h12v2.5a6 6 0 0 1-12 0zM10 15.5V18" />
  </Icon>
)
export const EventsIcon = () => (
  <Icon>
    <path d="M2 10.5h3.5L8 4l4 12 2.5-5.5H18" />
  </Icon>
)
export const SendIcon = () => (
  <Icon>
    <path d="M17.5 2.5 9 11M17.5 2.5 12 17.5l-3-6.5-6.5-3z" />
  </Icon>
)
export const DiagnosisIcon = () => (
  <Icon>
    <circle cx="8.5" cy="8.5" r="5.5" />
    <path d="m12.5 12.5 5 5M6 8.5l1.800 1.800L11 7" />
  </Icon>
)
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <path d="M8 13v6M13 9v14M18.5 12v8M24 14.5v3" />
  </svg>
)
