<?php

namespace App\Events;

use Illuminate\Broadcasting\EncryptedPrivateChannel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Foundation\Events\Dispatchable;

/** On an end-to-end encrypted channel. */
class SecretShared implements ShouldBroadcastNow
{
    use Dispatchable;

    public function __construct(public string $text, private int $user) {}

    public function broadcastOn(): EncryptedPrivateChannel
    {
        return new EncryptedPrivateChannel("secrets.{$this->user}");
    }
}
