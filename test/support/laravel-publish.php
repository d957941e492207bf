<?php

// Publishes as Laravel does, through its own Redis connections and broadcaster, without booting it.
// Reads JSON: directory, client, redis (as in config/database.php), and what to publish.

use Illuminate\Broadcasting\Broadcasters\RedisBroadcaster;
use Illuminate\Container\Container;
use Illuminate\Redis\RedisManager;

$given = json_decode(stream_get_contents(STDIN), true, flags: JSON_THROW_ON_ERROR);
require $given['directory'].'/vendor/autoload.php';

$redis = new RedisManager(new Container, $given['client'], $given['redis']);
$broadcaster = new RedisBroadcaster($redis, 'default', $given['redis']['options']['prefix'] ?? '');

foreach ($given['broadcasts'] as [$channels, $event, $payload]) {
    $broadcaster->broadcast($channels, $event, $payload);
}

// As Laravel 5.3 to 6.10 did, and 6.11 and 6.12, with what the clients themselves do to the names.
foreach ($given['publishes'] ?? [] as [$channel, $message]) {
    $redis->connection('default')->publish($channel, $message);
}

foreach ($given['evals'] ?? [] as $arguments) {
    $redis->connection('default')->eval(<<<'LUA'
        for i = 2, #ARGV do
            redis.call('publish', ARGV[i], ARGV[1])
        end
        LUA, 0, ...$arguments);
}
