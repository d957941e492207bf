<?php

use App\Events\AlertRaised;
use App\Events\CacheCleared;
use App\Events\NewsPublished;
use App\Events\OrderShipped;
use App\Events\ReportReady;
use App\Events\SecretShared;
use App\Http\Controllers\SendMessage;
use App\Http\Controllers\Webhooks;
use App\Models\Post;
use App\Models\User;
use App\Notifications\InvoicePaid;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Route;

// What the tests make the application do. They have no page, so nobody is logged in here.

Route::post('/news', fn (Request $request) => NewsPublished::dispatch($request->input('text')));

Route::post('/alerts', fn (Request $request) => AlertRaised::dispatch($request->input('text'), $request->input('via')));

Route::post('/cache/clear', fn () => CacheCleared::dispatch());

Route::post('/orders/{order}/ship', fn (Request $request, int $order) => OrderShipped::dispatch($order, $request->input('text')));

Route::post('/chat/{chat}/messages', SendMessage::class);

Route::post('/users/{user}/secrets', fn (Request $request, int $user) => SecretShared::dispatch($request->input('text'), $user));

Route::post('/users/{user}/reports', function (Request $request, int $user) {
    broadcast(new ReportReady($request->input('text'), $user))->toOthers();
});

Route::post('/users/{user}/invoices', function (Request $request, User $user) {
    $user->notify(new InvoicePaid($request->input('text')));
});

Route::post('/announcements', function (Request $request) {
    $event = Broadcast::on('news')->as('Announcement')->with(['text' => $request->input('text')]);

    ($request->boolean('toOthers') ? $event->toOthers() : $event)->send();
});

Route::post('/posts', fn (Request $request) => Post::create(['title' => $request->input('title')]));

Route::put('/posts/{post}', fn (Request $request, Post $post) => tap($post)->update(['title' => $request->input('title')]));

Route::delete('/posts/{post}', fn (Post $post) => $post->delete());

// The SDK itself, as an app calls it that asks who is there.
Route::post('/sdk/{method}', function (Request $request, string $method) {
    $result = Broadcast::connection('pusher')->getPusher()->{$method}(...$request->json()->all());

    return response()->json(['result' => $result]);
})->whereIn('method', ['trigger', 'triggerBatch', 'get', 'get_channels', 'get_channel_info', 'get_users_info']);

Route::post('/webhooks', [Webhooks::class, 'store']);

Route::get('/webhooks', [Webhooks::class, 'index']);
