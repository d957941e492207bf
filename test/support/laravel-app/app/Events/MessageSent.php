<?php

namespace App\Events;

use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Broadcasting\PresenceChannel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;

/** On a presence channel, to everybody or to the others. */
class MessageSent implements ShouldBroadcastNow
{
    use InteractsWithSockets;

    public function __construct(public string $text, private int $chat) {}

    public function broadcastOn(): PresenceChannel
    {
        return new PresenceChannel("chat.{$this->chat}");
    }
}
