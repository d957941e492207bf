<?php

namespace App\Events;

use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

/** Sent by the queue worker, long after the request that it came from. */
class ReportReady implements ShouldBroadcast
{
    use InteractsWithSockets;

    public function __construct(public string $text, private int $user) {}

    public function broadcastOn(): PrivateChannel
    {
        return new PrivateChannel("App.Models.User.{$this->user}");
    }
}
