/**
 * Who asks: a browser's session, a bearer token, or a user whom the app itself lets in for one request.
 */
import { z } from 'zod'
import { askPhp } from '../laravel/php.ts'
import type { Scene } from '../scene.ts'
import { logIn } from './login.ts'
import { ask } from './request.ts'

export type Identity =
  | { readonly kind: 'session'; readonly cookie: string; readonly csrf: string | undefined }
  | { readonly kind: 'token'; readonly token: string }
  /** Asked in PHP, without a session. */
  | { readonly kind: 'user'; readonly id: string; readonly guard: string | undefined }
  | { readonly kind: 'guest' }
  /** A login was wanted, and did not succeed; the message says what was seen. */
  | { readonly kind: 'not-let-in'; readonly message: string }

/** As the command line says. @param page where the app's pages are */
export async function identityOf(
  { options }: Scene,
  page: string | undefined,
  signal: AbortSignal,
): Promise<Identity> {
  const { asUser, cookie, token, login } = options
  if (asUser !== undefined) {
    const [, guard, id = asUser] = /^(?:([\w-]+):)?(.+)$/.exec(asUser) ?? []
    return { kind: 'user', id, guard }
  }
  if (token !== undefined) return { kind: 'token', token: token.replace(/^Bearer\s+/i, '') }
  if (cookie !== undefined) return session(cookie.replace(/^Cookie:\s*/i, ''), page, signal)
  if (login !== undefined && page !== undefined) {
    const entered = await logIn(page, login, signal)
    return 'refused' in entered
      ? { kind: 'not-let-in', message: entered.refused }
      : session(entered.cookie, page, signal)
  }
  return { kind: 'guest' }
}

/** With the page's CSRF token, which Echo takes from its head. */
async function session(
  cookie: string,
  page: string | undefined,
  signal: AbortSignal,
): Promise<Identity> {
  if (page === undefined) return { kind: 'session', cookie, csrf: undefined }
  const asked = await ask({ method: 'GET', url: page, headers: { cookie } }, signal)
  const body = asked.isAnswered ? asked.answer.body : ''
  const [meta = ''] = /<meta[^>]*name=["']csrf-token["'][^>]*>/.exec(body) ?? []
  return { kind: 'session', cookie, csrf: /content=["']([^"']+)["']/.exec(meta)?.[1] }
}

/** What the request carries of it, as pusher-js sends it. */
export function headersOf(identity: Identity): Readonly<Record<string, string>> {
  switch (identity.kind) {
    case 'session':
      return {
        cookie: identity.cookie,
        ...(identity.csrf === undefined ? {} : { 'x-csrf-token': identity.csrf }),
      }
    case 'token':
      return { authorization: `Bearer ${identity.token}` }
    case 'user':
    case 'guest':
    case 'not-let-in':
      return {}
  }
}

/** For the evidence. */
export function described(identity: Identity): string {
  switch (identity.kind) {
    case 'session':
      return 'asked with a session cookie'
    case 'token':
      return 'asked with a bearer token'
    case 'user':
      return `asked inside the app, as user ${identity.id}`
    case 'guest':
      return 'asked as a guest'
    case 'not-let-in':
      return identity.message
  }
}

const Known = z.object({
  users: z.record(z.string(), z.string()),
})

/** Whom the app knows by it: ids by guard. Undefined where the app cannot say. */
export async function knownBy(
  identity: Identity,
  directory: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (identity.kind !== 'session' && identity.kind !== 'token') return undefined
  const input =
    identity.kind === 'session' ? { cookie: identity.cookie } : { token: identity.token }
  const told = await askPhp({ directory, script: WHO, input, signal })
  return 'fault' in told ? undefined : Known.parse(told.answer).users
}

/** Reads the session that the cookie names, or looks the token up; neither is touched. */
const WHO = String.raw`
$users = [];
$config = $app['config'];
if (isset($input['cookie'])) {
    $cookies = [];
    foreach (explode(';', $input['cookie']) as $pair) {
        [$name, $value] = array_pad(explode('=', trim($pair), 2), 2, '');
        $cookies[$name] = urldecode($value);
    }
    $session = $app['session']->driver();
    try {
        $value = $app['encrypter']->decrypt($cookies[$session->getName()] ?? '', false);
        $id = \Illuminate\Cookie\CookieValuePrefix::remove($value);
        $data = $session->getHandler()->read($id);
        $data = $config->get('session.encrypt') ? $app['encrypter']->decrypt($data) : $data;
        $stored = $config->get('session.serialization', 'php') === 'json' ? json_decode($data, true) : @unserialize($data);
        foreach (array_keys((array) $config->get('auth.guards')) as $guard) {
            if ($config->get("auth.guards.$guard.driver") !== 'session') continue;
            $user = $stored[$app['auth']->guard($guard)->getName()] ?? null;
            if ($user !== null) $users[$guard] = (string) $user;
        }
    } catch (\Illuminate\Contracts\Encryption\DecryptException) {
        // Another app's, or of another APP_KEY: it names nobody.
    }
}
if (isset($input['token']) && class_exists('Laravel\Sanctum\Sanctum')) {
    $token = \Laravel\Sanctum\Sanctum::personalAccessTokenModel()::findToken($input['token']);
    $isGood = $token !== null && ($token->expires_at === null || $token->expires_at->isFuture());
    if ($isGood) $users['sanctum'] = (string) $token->tokenable_id;
}
return ['users' => (object) $users];
`
