<?php

namespace App\Events;

use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\InteractsWithBroadcasting;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Foundation\Events\Dispatchable;

/** On a public channel, over several broadcast connections at once. */
class AlertRaised implements ShouldBroadcastNow
{
    use Dispatchable, InteractsWithBroadcasting;

    /** @param array<int, string> $connections */
    public function __construct(public string $text, array $connections)
    {
        $this->broadcastVia($connections);
    }

    public function broadcastOn(): Channel
    {
        return new Channel('news');
    }
}
