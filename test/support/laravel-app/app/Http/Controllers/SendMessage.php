<?php

namespace App\Http\Controllers;

use App\Events\MessageSent;
use Illuminate\Http\Request;

class SendMessage
{
    public function __invoke(Request $request, int $chat): void
    {
        $broadcast = broadcast(new MessageSent($request->input('text'), $chat));

        if ($request->boolean('toOthers')) {
            $broadcast->toOthers();
        }
    }
}
