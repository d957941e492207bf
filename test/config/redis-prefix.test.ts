import { describe, expect, it } from 'vitest'
import { deriveRedisPrefix } from '../../src/config/redis-prefix.ts'
import { Directory } from '../support/directory.ts'

const APP_CONFIG = 'config/database.php'
const FRAMEWORK_CONFIG = 'vendor/laravel/framework/config/database.php'

/** A config/database.php with this expression as the prefix, among what stands around it in Laravel's. */
function php(prefix: string): string {
  return `<?php

return [
    'connections' => ['mysql' => ['prefix' => 'sql_']],

    /*
    | 'redis' => ['options' => ['prefix' => 'in a comment']]
    */

    'redis' => [

        'client' => env('REDIS_CLIENT', 'phpredis'),

        'options' => [
            'cluster' => env('REDIS_CLUSTER', 'redis'),
            // 'prefix' => 'old_',
            'prefix' => ${prefix},
            'persistent' => env('REDIS_PERSISTENT', false),
        ],

        'default' => [
            'url' => env('REDIS_URL'),
            'host' => env('REDIS_HOST', '127.0.0.1'),
        ],

    ],

];
`
}

function derive(files: Readonly<Record<string, unknown>>, appName?: string) {
  using directory = new Directory(files)
  return deriveRedisPrefix(directory.path, appName)
}

// The forms that Laravel's skeleton and framework have had.
it.each([
  [
    '12.1 and later',
    "env('REDIS_PREFIX', Str::slug((string) env('APP_NAME', 'laravel')).'-database-')",
    'chat-room-database-',
  ],
  [
    'before 12.1',
    "env('REDIS_PREFIX', Str::slug((string) env('APP_NAME', 'laravel'), '_').'_database_')",
    'chat_room_database_',
  ],
  [
    'up to 11',
    "env('REDIS_PREFIX', Str::slug(env('APP_NAME', 'laravel'), '_').'_database_')",
    'chat_room_database_',
  ],
  [
    '5.8',
    "env('REDIS_PREFIX', str_slug(env('APP_NAME', 'laravel'), '_').'_database_')",
    'chat_room_database_',
  ],
  ['a name for another purpose', "Str::slug(env('APP_NAME', 'laravel')).':'", 'chat-room:'],
  ['a fixed text', "'shop_'", 'shop_'],
  ['a fixed default', "env('REDIS_PREFIX', 'shop_')", 'shop_'],
  ['none', "''", ''],
])('reads the form of %s', (_what, expression, prefix) => {
  expect(derive({ [APP_CONFIG]: php(expression) }, 'Chat Room')).toMatchObject({
    prefix,
    file: APP_CONFIG,
  })
})

it.each([
  ['a function of the app', "env('REDIS_PREFIX', prefix_of(env('APP_NAME')))"],
  ['two lines', "env('REDIS_PREFIX',\n  'a_')"],
  ['an environment in it', "env('APP_ENV').'_'"],
])('does not guess at %s', (_what, expression) => {
  expect(derive({ [APP_CONFIG]: php(expression) }, 'Chat Room')).toEqual({
    unknown: "config/database.php sets it in a way that is not one of Laravel's defaults",
  })
})

it('does not guess where a connection has a prefix of its own', () => {
  const content = "<?php return ['redis' => ['default' => ['prefix' => 'd:']]];"
  expect(derive({ [APP_CONFIG]: content })).toHaveProperty('unknown')
})

it('knows that Laravel before 5.8 had none', () => {
  const content = "<?php return ['redis' => ['client' => 'predis', 'default' => ['host' => 'a']]];"
  expect(derive({ [APP_CONFIG]: content }, 'Chat Room')).toMatchObject({ prefix: '' })
})

describe('where the app has no configuration of Redis', () => {
  const ours = "<?php return ['connections' => []];"
  const framework = php(
    "env('REDIS_PREFIX', Str::slug((string) env('APP_NAME', 'laravel'), '_').'_database_')",
  )
  const lock = (version: string) => ({
    packages: [
      { name: 'laravel/framework', version },
      { name: 'laravel/reverb', version: 'v1.10.2' },
    ],
  })

  it.each([
    [
      "the framework's file decides",
      { [APP_CONFIG]: ours, [FRAMEWORK_CONFIG]: framework },
      'chat_room_database_',
    ],
    ['the locked version 11 decides', { 'composer.lock': lock('v11.57.1') }, 'chat_room_database_'],
    ['the locked version 12 decides', { 'composer.lock': lock('v12.72.0') }, 'chat_room_database_'],
    ['the locked version 13 decides', { 'composer.lock': lock('v13.26.1') }, 'chat-room-database-'],
  ])('%s', (_what, files, prefix) => {
    expect(derive(files, 'Chat Room')).toMatchObject({ prefix })
  })

  it.each([
    ['nothing else is there', {}],
    ['the lock file is broken', { 'composer.lock': '{' }],
    ['the lock file has no framework', { 'composer.lock': { packages: [] } }],
    ['the version is a branch', { 'composer.lock': lock('dev-master') }],
  ])('nothing is guessed when %s', (_what, files) => {
    expect(derive(files, 'Chat Room')).toEqual({
      unknown: 'neither config/database.php nor composer.lock is there to tell it',
    })
  })
})

// What Laravel's Str::slug makes of the same name.
it.each([
  ['laravel', 'laravel'],
  ['Chat Room', 'chat_room'],
  ['My-App', 'my_app'],
  ['a_b c', 'a_b_c'],
  ['Foo@Bar.com', 'foo_at_barcom'],
  ['  x  y ', 'x_y'],
  ['A&B (C)!', 'ab_c'],
  ['--x--', 'x'],
  ['ABC 1.2', 'abc_12'],
  ['a__b--c', 'a_b_c'],
  ['', ''],
])('makes a slug of %j as Laravel does', (name, slug) => {
  const files = { [APP_CONFIG]: php("Str::slug(env('APP_NAME', 'laravel'), '_').'|'") }
  expect(derive(files, name)).toMatchObject({ prefix: `${slug}|` })
})

it('takes the name that the file falls back to', () => {
  const files = { [APP_CONFIG]: php("Str::slug(env('APP_NAME', 'shop')).'-database-'") }
  expect(derive(files)).toMatchObject({ prefix: 'shop-database-' })
})

it('does not guess what Laravel makes of letters beyond ASCII', () => {
  const files = { [APP_CONFIG]: php("Str::slug(env('APP_NAME', 'laravel')).'-database-'") }
  expect(derive(files, 'Café')).toEqual({
    unknown: 'APP_NAME has letters beyond ASCII, which Laravel transliterates',
  })
})
