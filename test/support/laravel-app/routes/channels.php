<?php

use App\Models\Post;
use App\Models\User;
use Illuminate\Foundation\Http\Middleware\ValidateCsrfToken;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Route;

Broadcast::userRoutes();

if (config('broadcasting.auth') !== null) {
    Route::middleware('web')->withoutMiddleware(ValidateCsrfToken::class)->group(__DIR__.'/broadcasting.php');
}

$connection = Broadcast::connection(config('broadcasting.auth'));

$connection->channel('App.Models.User.{id}', fn (User $user, int $id) => $user->id === $id);

$connection->channel('App.Models.Post.{post}', fn (User $user, Post $post) => true);

$connection->channel('orders.{order}', fn (User $user, int $order) => $order === $user->id);

$connection->channel('secrets.{id}', fn (User $user, int $id) => $user->id === $id);

$connection->channel('chat.{chat}', fn (User $user, int $chat) => $chat === 1 ? ['name' => $user->name] : null);

$connection->channel('lobby', fn () => true);

$connection->channel('broken', fn () => throw new RuntimeException('The callback fails.'));

$connection->resolveAuthenticatedUserUsing(function (Request $request) {
    $user = $request->user();

    return $user === null ? null : ['id' => (string) $user->id, 'user_info' => ['name' => $user->name]];
});
