/** What every source of apps has to do, wherever the apps come from. */
import { describe, expect, it } from 'vitest'
import type { AppSource } from '../../src/apps/app-source.ts'

export interface AppInput {
  readonly id: string
  readonly key: string
  readonly secret: string
  readonly previousSecret?: string
  readonly enabled?: boolean
  readonly maxConnections?: number
}

/** A source, and how its apps are changed. */
export interface SourceUnderTest extends AsyncDisposable {
  readonly apps: AppSource
  /** Makes these all the apps there are; resolves when the source knows. @returns the ids that are gone */
  become(apps: readonly AppInput[]): Promise<readonly string[]>
}

const ANN = { id: '1', key: 'key-of-ann', secret: 'secret-of-ann' }
const BEN = { id: '2', key: 'key-of-ben', secret: 'secret-of-ben' }

export function describeAppSource(name: string, open: () => Promise<SourceUnderTest>): void {
  describe(`apps from ${name}`, () => {
    it('are found by id and by key, and there are no others', async () => {
      await using source = await open()
      await source.become([ANN, BEN])
      expect(source.apps.byId('1')?.key).toBe('key-of-ann')
      expect(source.apps.byKey('key-of-ben')?.id).toBe('2')
      expect(source.apps.byId('key-of-ann')).toBeUndefined()
      expect(source.apps.byKey('1')).toBeUndefined()
      expect([...source.apps.all()].map(({ id }) => id).sort()).toEqual(['1', '2'])
      expect(source.apps.isComplete).toBe(true)
    })

    it('come and go', async () => {
      await using source = await open()
      await source.become([ANN])
      expect(await source.become([BEN])).toEqual(['1'])
      expect(source.apps.byId('1')).toBeUndefined()
      expect(source.apps.byKey('key-of-ann')).toBeUndefined()
      expect(source.apps.byKey('key-of-ben')?.id).toBe('2')
      expect(await source.become([ANN, BEN])).toEqual([])
      expect(source.apps.byKey('key-of-ann')?.id).toBe('1')
    })

    it('keep their identity while their options change', async () => {
      await using source = await open()
      await source.become([ANN, BEN])
      const ann = source.apps.byId('1')
      await source.become([{ ...ANN, enabled: false, maxConnections: 7 }, BEN])
      expect(source.apps.byId('1')).toBe(ann)
      expect(ann?.settings).toMatchObject({ enabled: false, maxConnections: 7 })
    })

    it('are found by a new key, and no longer by the old one', async () => {
      await using source = await open()
      await source.become([ANN])
      const ann = source.apps.byId('1')
      await source.become([{ ...ANN, key: 'new-key' }])
      expect(source.apps.byKey('new-key')).toBe(ann)
      expect(source.apps.byKey('key-of-ann')).toBeUndefined()
    })

    it('accept the secret before the present one for as long as it is named', async () => {
      await using source = await open()
      await source.become([ANN])
      await source.become([{ ...ANN, secret: 'new-secret', previousSecret: 'secret-of-ann' }])
      expect(source.apps.byId('1')?.secrets).toHaveLength(2)
      await source.become([{ ...ANN, secret: 'new-secret' }])
      expect(source.apps.byId('1')?.secrets).toHaveLength(1)
    })
  })
}
