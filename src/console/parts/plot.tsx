/** A plot of the last five minutes, with its legend: the latest values, or those under the pointer. */
import { effect, signal, useComputed } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { type Sample, samples, WINDOW_SECONDS } from '../samples.ts'
import { colourOf, coloursVersion } from '../theme.ts'

export interface Series {
  readonly name: string
  /** A custom property. */
  readonly colour: string
  readonly of: (sample: Sample) => number | null
}

interface PlotProps {
  readonly title: string
  readonly unit?: string
  readonly series: readonly Series[]
  readonly format: (value: number | null | undefined) => string
  /** The axis shows at least so much. */
  readonly atLeast: number
  /** Of the area under a single line. */
  readonly isFilled?: boolean
}

const HEIGHT = 168
/** Shown from the beginning, so that a first line does not fill the whole plot. */
const LEAST_SECONDS = 60

/** Which sample the pointer is on, in all plots. */
const pointed = signal<number | null>(null)

export function Plot({ title, unit, series, format, atLeast, isFilled = false }: PlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const shown = useComputed(() => {
    const index = pointed.value
    return index === null ? samples.value.at(-1) : samples.value[index]
  })
  useEffect(() => {
    const element = place.current
    if (element === null) return
    let plot: uPlot | undefined
    const endDrawing = effect(() => {
      void coloursVersion.value
      plot?.destroy()
      plot = new uPlot(
        optionsOf(element, series, format, atLeast, isFilled),
        dataOf([], series),
        element,
      )
      plot.setData(dataOf(samples.peek(), series))
    })
    const endFeeding = effect(() => plot?.setData(dataOf(samples.value, series)))
    const observer = new ResizeObserver(() => {
      plot?.setSize({ width: element.clientWidth, height: HEIGHT })
    })
    observer.observe(element)
    return () => {
      endDrawing()
      endFeeding()
      observer.disconnect()
      plot?.destroy()
    }
  }, [])
  const values = series.map(({ name, of }) => {
    const sample = shown.value
    return `${name} ${format(sample === undefined ? null : of(sample))}`
  })
  return (
    <figure class="card plot">
      <figcaption>
        <h2>
          {title} {unit !== undefined && <span class="unit">{unit}</span>}
        </h2>
        <ul class="legend">
          {series.map(({ name, colour, of }) => (
            <li key={name}>
              <svg class="swatch" viewBox="0 0 12 4" aria-hidden="true">
                <line x1="0" y1="2" x2="12" y2="2" style={{ stroke: `var(${colour})` }} />
              </svg>
              <span>{name}</span>
              <b>{format(shown.value === undefined ? null : of(shown.value))}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        ref={place}
        class="canvas"
        role="img"
        aria-label={`${title}, the last five minutes. Latest: ${values.join(', ')}`}
      />
    </figure>
  )
}

function dataOf(
  kept: readonly (Sample | undefined)[],
  series: readonly Series[],
): uPlot.AlignedData {
  let time = 0
  const times = kept.map((sample) => {
    time = sample === undefined ? time + 0.001 : sample.time / 1000
    return time
  })
  const lines = series.map(({ of }) =>
    kept.map((sample) => (sample === undefined ? null : of(sample))),
  )
  return [times, ...lines]
}

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  format: PlotProps['format'],
  atLeast: number,
  isFilled: boolean,
): uPlot.Options {
  const axis = {
    stroke: colourOf('--muted'),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    ticks: { show: false },
    grid: { stroke: colourOf('--grid'), width: 1 },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'samples' },
      drag: { x: false, y: false },
      y: false,
      points: { size: 6 },
    },
    scales: {
      x: {
        range: () => {
          const kept = samples.peek()
          const end = (kept.at(-1)?.time ?? Date.now()) / 1000
          const begin = (kept[0]?.time ?? Date.now()) / 1000
          return [end - Math.min(Math.max(end - begin, LEAST_SECONDS), WINDOW_SECONDS), end]
        },
      },
      y: { range: (_plot, _low, high) => [0, Math.max(high ?? 0, atLeast) * 1.08] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 90,
        values: (_plot, marks) => marks.map(timeOf),
      },
      {
        ...axis,
        size: 58,
        space: 34,
        values: (_plot, marks) => marks.map((mark) => format(mark)),
      },
    ],
    series: [
      {},
      ...series.map(({ name, colour }) => ({
        label: name,
        stroke: colourOf(colour),
        width: 1.75,
        points: { show: false },
        spanGaps: false,
        ...(isFilled ? { fill: colourOf(`${colour}-soft`) } : {}),
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor }) => {
          pointed.value = cursor.idx ?? null
        },
      ],
    },
  }
}

function timeOf(mark: number): string {
  return new Date(mark * 1000).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
}
