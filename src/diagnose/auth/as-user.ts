/**
 * Asks the app inside of PHP, as one of its users: the request goes through the app's own routes, middleware
 * and callbacks, with a session that is in memory only. No web server, no cookie and no network take part.
 */
import { z } from 'zod'
import { askPhp } from '../laravel/php.ts'
import type { Asked } from './request.ts'

const Told = z.union([
  z.object({ noUser: z.string() }),
  z.object({
    status: z.number(),
    location: z.string(),
    contentType: z.string(),
    body: z.string(),
    exception: z.string(),
  }),
])

/** The code where the app could not be asked at all: without PHP, or for a user whom it has not. */
export const NOT_ASKED = 'not-asked'

/** @returns as for a request */
export async function askAsUser(
  directory: string,
  user: { readonly id: string; readonly guard: string | undefined },
  path: string,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Asked> {
  const begun = performance.now()
  const input = { ...user, path, fields }
  const told = await askPhp({ directory, script: SCRIPT, input, signal })
  if ('fault' in told) {
    return { isAnswered: false, code: NOT_ASKED, message: told.fault.message }
  }
  const answer = Told.parse(told.answer)
  if ('noUser' in answer) return { isAnswered: false, code: NOT_ASKED, message: answer.noUser }
  const { status, location, contentType, body, exception } = answer
  return {
    isAnswered: true,
    answer: {
      status,
      headers: {
        'content-type': contentType,
        ...(location === '' ? {} : { location }),
        ...(exception === '' ? {} : { [EXCEPTION_HEADER]: exception }),
      },
      cookies: [],
      body,
    },
    milliseconds: Math.round(performance.now() - begun),
  }
}

/** Not of HTTP: what was thrown, which the app's answer may keep to itself. */
export const EXCEPTION_HEADER = 'x-thrown'

const SCRIPT = String.raw`
$config = $app['config'];
$config->set(['session.driver' => 'array', 'cache.default' => 'array']);
$guard = $input['guard'] ?? $config->get('auth.defaults.guard');
$provider = $app['auth']->createUserProvider($config->get("auth.guards.$guard.provider"));
$user = $provider?->retrieveById($input['id']);
if ($user === null) return ['noUser' => "the guard $guard knows no user {$input['id']}"];

$session = $app['session']->driver();
$session->start();
$request = \Illuminate\Http\Request::create($input['path'], 'POST', $input['fields']);
$request->headers->set('X-CSRF-TOKEN', $session->token());
$app['auth']->guard($guard)->setUser($user);
$handler = $app->make(\Illuminate\Contracts\Debug\ExceptionHandler::class);
// What goes wrong is told here, and to nobody else.
if (method_exists($handler, 'ignore')) $handler->ignore(Throwable::class);
$response = $app->make(\Illuminate\Contracts\Http\Kernel::class)->handle($request);
$thrown = $response->exception ?? null;
$isExpected = $thrown instanceof \Symfony\Component\HttpKernel\Exception\HttpExceptionInterface;
return [
    'status' => $response->getStatusCode(),
    'location' => (string) $response->headers->get('Location'),
    'contentType' => (string) $response->headers->get('Content-Type'),
    'body' => substr((string) $response->getContent(), 0, 65536),
    'exception' => $thrown === null || $isExpected ? '' : get_class($thrown).': '.substr($thrown->getMessage(), 0, 200)
        .' at '.$within($thrown->getFile()).':'.$thrown->getLine(),
];
`
