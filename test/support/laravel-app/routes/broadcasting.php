<?php

use Illuminate\Http\Request;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Route;

// The redis driver cannot sign what a browser needs: these answer through a connection that can.
// Channels are registered on it as well: Broadcast::connection('reverb')->channel(...).
$connection = Broadcast::connection(config('broadcasting.auth'));

Route::post('/broadcasting/auth', fn (Request $request) => $connection->auth($request));

Route::post('/broadcasting/user-auth', fn (Request $request) => $connection->resolveAuthenticatedUser($request) ?? abort(403));
