/**
 * What the app itself is asked: the PHP for `askPhp`. Secrets stay there; a fingerprint of each comes out.
 */

const MOST_ROUTES = 50
const MOST_CHANNELS = 500

export const FACTS_SCRIPT = String.raw`
$config = $app['config'];
$fingerprint = fn ($secret) => is_scalar($secret) && (string) $secret !== ''
    ? ['sha256' => hash('sha256', (string) $secret), 'length' => strlen((string) $secret)] : null;
$text = fn ($value) => is_scalar($value) ? (string) $value : null;
$list = fn ($value) => array_values(array_filter(array_map($text, (array) $value), 'is_string'));

$connections = [];
foreach ((array) $config->get('broadcasting.connections') as $name => $one) {
    $options = (array) ($one['options'] ?? []);
    $master = $options['encryption_master_key_base64'] ?? null;
    $connections[$name] = [
        'driver' => $text($one['driver'] ?? null),
        'appId' => $text($one['app_id'] ?? null),
        'key' => $text($one['key'] ?? null),
        'secret' => $fingerprint($one['secret'] ?? null),
        'host' => $text($options['host'] ?? null),
        'port' => $text($options['port'] ?? null),
        'scheme' => $text($options['scheme'] ?? null),
        'path' => $text($options['path'] ?? null),
        'cluster' => $text($options['cluster'] ?? null),
        'masterKeyBytes' => is_string($master) && $master !== '' ? strlen((string) base64_decode($master, true)) : null,
        'redisConnection' => $text($one['connection'] ?? null),
    ];
}

$redis = (array) $config->get('database.redis');
$redisConnections = [];
foreach ($redis as $name => $one) {
    if (in_array($name, ['client', 'options', 'clusters'], true) || ! is_array($one)) continue;
    $url = parse_url((string) ($one['url'] ?? '')) ?: [];
    $redisConnections[$name] = [
        'host' => $text($url['host'] ?? $one['host'] ?? null),
        'port' => $text($url['port'] ?? $one['port'] ?? null),
        'database' => strlen($url['path'] ?? '') > 1 ? ltrim($url['path'], '/') : $text($one['database'] ?? null),
        'username' => $text($url['user'] ?? $one['username'] ?? null),
        'password' => $fingerprint($url['pass'] ?? $one['password'] ?? null),
        'isTls' => in_array($url['scheme'] ?? $one['scheme'] ?? 'tcp', ['tls', 'rediss'], true),
        'prefix' => $text($one['prefix'] ?? $one['options']['prefix'] ?? null),
    ];
}

// What names middleware is given to the router when the kernel for HTTP is built.
$kernel = $app->make(\Illuminate\Contracts\Http\Kernel::class);
$router = $app['router'];
$isCsrf = fn ($middleware) => collect([
    'Illuminate\Foundation\Http\Middleware\VerifyCsrfToken',
    'Illuminate\Foundation\Http\Middleware\ValidateCsrfToken',
    'Illuminate\Foundation\Http\Middleware\PreventRequestForgery',
])->contains(fn ($class) => is_a(explode(':', $middleware)[0], $class, true));
$routes = [];
foreach ($router->getRoutes() as $route) {
    $action = ltrim((string) $route->getActionName(), '\\');
    $isFrameworks = str_starts_with($action, 'Illuminate\Broadcasting\BroadcastController@');
    if (! $isFrameworks && ! preg_match('#broadcasting/(user-)?auth$|pusher/(user-)?auth$#', $route->uri())) continue;
    if (count($routes) >= ${MOST_ROUTES}) break;
    $middleware = array_values(array_filter($router->gatherRouteMiddleware($route), 'is_string'));
    $routes[] = [
        'path' => '/'.ltrim($route->uri(), '/'),
        'domain' => $route->getDomain(),
        'methods' => $route->methods(),
        'isUserAuth' => str_ends_with($action, '@authenticateUser') || str_ends_with($route->uri(), 'user-auth'),
        'middleware' => $list($route->gatherMiddleware()),
        'checksCsrf' => collect($middleware)->contains($isCsrf),
        'startsSession' => collect($middleware)->contains(fn ($one) => is_a(explode(':', $one)[0], \Illuminate\Session\Middleware\StartSession::class, true)),
    ];
}

$manager = $app->make(\Illuminate\Broadcasting\BroadcastManager::class);
$driverFault = null;
try {
    $manager->driver();
} catch (Throwable $e) {
    $driverFault = ['exception' => get_class($e->getPrevious() ?? $e), 'message' => $e->getMessage()];
}
$read = function (object $object, string $name) {
    for ($class = new ReflectionClass($object); $class; $class = $class->getParentClass()) {
        if ($class->hasProperty($name)) return $class->getProperty($name)->getValue($object);
    }
    return [];
};
$channels = [];
foreach ($read($manager, 'drivers') as $name => $broadcaster) {
    $options = $read($broadcaster, 'channelOptions');
    foreach ($read($broadcaster, 'channels') as $pattern => $callback) {
        if (count($channels) >= ${MOST_CHANNELS}) break 2;
        $where = null;
        if ($callback instanceof Closure) {
            $function = new ReflectionFunction($callback);
            $where = $within((string) $function->getFileName()).':'.$function->getStartLine();
        } elseif (is_string($callback)) $where = $callback;
        $channels[] = [
            'pattern' => (string) $pattern,
            'connection' => (string) ($name ?: $manager->getDefaultDriver()),
            'guards' => $list($options[$pattern]['guards'] ?? []),
            'where' => $where,
        ];
    }
}

$guards = [];
foreach ((array) $config->get('auth.guards') as $name => $one) $guards[$name] = $text($one['driver'] ?? null);
$queue = $text($config->get('queue.default'));
$corsClass = 'Illuminate\Http\Middleware\HandleCors';

return [
    'version' => $app->version(),
    'name' => $text($config->get('app.name')),
    'environment' => $text($config->get('app.env')),
    'debug' => (bool) $config->get('app.debug'),
    'url' => $text($config->get('app.url')),
    'isDown' => $app->isDownForMaintenance(),
    'isConfigCached' => $app->configurationIsCached(),
    'areRoutesCached' => $app->routesAreCached(),
    'default' => $text($manager->getDefaultDriver()),
    'connections' => (object) $connections,
    'driverFault' => $driverFault,
    'routes' => $routes,
    'channels' => $channels,
    'guard' => $text($config->get('auth.defaults.guard')),
    'guards' => (object) $guards,
    'queue' => [
        'name' => $queue,
        'driver' => $text($config->get("queue.connections.$queue.driver")),
        'queue' => $text($config->get("queue.connections.$queue.queue")),
        'connection' => $text($config->get("queue.connections.$queue.connection")),
    ],
    'redis' => [
        'client' => $text($redis['client'] ?? null),
        'prefix' => $text($redis['options']['prefix'] ?? null),
        'isCluster' => isset($redis['clusters']),
        'connections' => (object) $redisConnections,
    ],
    'cors' => $kernel->hasMiddleware($corsClass) ? [
        'paths' => $list($config->get('cors.paths')),
        'allowedOrigins' => $list($config->get('cors.allowed_origins')),
        'allowedOriginsPatterns' => $list($config->get('cors.allowed_origins_patterns')),
        'supportsCredentials' => (bool) $config->get('cors.supports_credentials'),
    ] : null,
    'sessionCookie' => $text($config->get('session.cookie')),
];
`
