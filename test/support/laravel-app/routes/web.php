<?php

use App\Http\Controllers\SendMessage;
use Illuminate\Broadcasting\BroadcastController;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

Route::view('/', 'chat');

Route::post('/chat/{chat}/messages', SendMessage::class)->middleware('auth');

// A route of the application's own, where the framework does not except the path from CSRF protection.
Route::post('/checked/broadcasting/auth', [BroadcastController::class, 'authenticate']);

Route::view('/login', 'login')->name('login');

Route::post('/login', function (Request $request) {
    if (! Auth::attempt($request->only('name', 'password'))) {
        return back()->withErrors(['name' => 'Nobody has this name and password.'])->onlyInput('name');
    }
    $request->session()->regenerate();

    return redirect()->intended('/');
});

Route::post('/logout', function (Request $request) {
    Auth::logout();
    $request->session()->invalidate();
    $request->session()->regenerateToken();

    return redirect('/');
});
