<?php

namespace App\Providers;

use App\Broadcasting\PusherSdk;
use Illuminate\Broadcasting\Broadcasters\PusherBroadcaster;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\ServiceProvider;

class AppServiceProvider extends ServiceProvider
{
    public function boot(): void
    {
        foreach (['pusher', 'reverb'] as $driver) {
            Broadcast::extend($driver, fn ($app, array $config) => new PusherBroadcaster(
                new PusherSdk($config['key'], $config['secret'], $config['app_id'], $config['options'])
            ));
        }
    }
}
