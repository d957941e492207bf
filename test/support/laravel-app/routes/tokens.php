<?php

use App\Models\User;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Hash;
use Illuminate\Support\Facades\Route;

// For clients that keep no cookies: Sanctum's tokens, and authorisation with them.

Route::post('/tokens', function (Request $request) {
    $user = User::firstWhere('name', $request->input('name'));
    abort_unless($user !== null && Hash::check($request->input('password'), $user->password), 422);

    return ['token' => $user->createToken('test')->plainTextToken];
});

if (config('broadcasting.auth') === null) {
    Broadcast::routes(['middleware' => ['auth:sanctum']]);
    Broadcast::userRoutes(['middleware' => ['auth:sanctum']]);
} else {
    Route::middleware('auth:sanctum')->group(__DIR__.'/broadcasting.php');
}
