<?php

namespace App\Events;

use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Foundation\Events\Dispatchable;

/** On two channels at once, a private and a public one. */
class OrderShipped implements ShouldBroadcastNow
{
    use Dispatchable;

    public function __construct(public int $order, public string $text) {}

    /** @return array<int, Channel> */
    public function broadcastOn(): array
    {
        return [new PrivateChannel("orders.{$this->order}"), new Channel('shipments')];
    }
}
