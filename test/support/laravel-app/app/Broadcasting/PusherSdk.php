<?php

namespace App\Broadcasting;

use Illuminate\Broadcasting\BroadcastException;
use Pusher\Pusher;

/**
 * pusher-php-server 4 as Laravel 12 calls version 7: the socket id in a parameter array, and a
 * refused trigger as an exception. Apps on version 7 need nothing of this.
 */
class PusherSdk extends Pusher
{
    public function trigger($channels, $event, $data, $params = [], $debug = false, $already_encoded = false)
    {
        $response = parent::trigger($channels, $event, $data, $params['socket_id'] ?? null, true, $already_encoded);

        if ($response['status'] !== 200) {
            throw new BroadcastException("Pusher error: {$response['body']}.");
        }

        return json_decode($response['body']);
    }
}
