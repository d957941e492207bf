<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Log in · {{ config('app.name') }}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/page/chat.css">
  </head>
  <body>
    <header><h1>{{ config('app.name') }}</h1></header>

    <main class="narrow">
      <form method="post" action="/login" aria-label="Log in">
        @csrf
        <label>Name <input name="name" value="{{ old('name') }}" autocomplete="username" required></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
        @error('name')
          <p role="alert">{{ $message }}</p>
        @enderror
        <button type="submit">Log in</button>
      </form>
    </main>
  </body>
</html>
