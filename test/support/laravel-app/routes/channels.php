<?php

use App\Models\Post;
use App\Models\User;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Broadcast;

Broadcast::userRoutes();

if (config('broadcasting.auth') !== null) {
    require __DIR__.'/broadcasting.php';
}

$connection = Broadcast::connection(config('broadcasting.auth'));

$guards = ['guards' => ['web', 'api']];

$connection->channel('App.Models.User.{id}', fn (User $user, int $id) => $user->id === $id, $guards);

$connection->channel('App.Models.Post.{post}', fn (User $user, Post $post) => true, $guards);

$connection->channel('orders.{order}', fn (User $user, int $order) => $order === $user->id, $guards);

$connection->channel('secrets.{id}', fn (User $user, int $id) => $user->id === $id, $guards);

$connection->channel('chat.{chat}', fn (User $user, int $chat) => $chat === 1 ? ['name' => $user->name] : null, $guards);

$connection->resolveAuthenticatedUserUsing(function (Request $request) {
    $user = $request->user('web') ?? $request->user('api');

    return $user === null ? null : ['id' => (string) $user->id, 'user_info' => ['name' => $user->name]];
});
