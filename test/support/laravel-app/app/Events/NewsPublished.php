<?php

namespace App\Events;

use Illuminate\Broadcasting\Channel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Foundation\Events\Dispatchable;

/** On a public channel. */
class NewsPublished implements ShouldBroadcastNow
{
    use Dispatchable;

    public function __construct(public string $text) {}

    public function broadcastOn(): Channel
    {
        return new Channel('news');
    }
}
