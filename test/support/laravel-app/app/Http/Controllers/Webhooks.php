<?php

namespace App\Http\Controllers;

use Illuminate\Http\Request;
use Illuminate\Support\Collection;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\DB;
use Pusher\PusherException;

/** What the server tells the application, once the SDK has found it to be signed. */
class Webhooks
{
    public function store(Request $request): void
    {
        $pusher = Broadcast::connection('reverb')->getPusher();
        $headers = [
            'X-Pusher-Key' => $request->header('X-Pusher-Key'),
            'X-Pusher-Signature' => $request->header('X-Pusher-Signature'),
        ];
        try {
            $webhook = $pusher->webhook($headers, $request->getContent());
        } catch (PusherException) {
            abort(403);
        }
        foreach ($webhook->get_events() as $event) {
            DB::table('webhook_events')->insert(['event' => json_encode($event)]);
        }
    }

    /** @return Collection<int, object> the events in the order in which they were told */
    public function index(): Collection
    {
        return DB::table('webhook_events')->orderBy('id')->pluck('event')->map(json_decode(...));
    }
}
