<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="csrf-token" content="{{ csrf_token() }}">
    <title>{{ config('app.name') }}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/page/chat.css">
  </head>
  <body data-driver="{{ config('broadcasting.default') }}" @auth data-user="{{ auth()->id() }}" data-name="{{ auth()->user()->name }}" @endauth>
    <header>
      <h1>{{ config('app.name') }}</h1>
      <p>broadcasts through <b>{{ config('broadcasting.default') }}</b></p>
      <p id="status" role="status"></p>
      @auth
        <form method="post" action="/logout">
          @csrf
          <button type="submit">Log out</button>
        </form>
      @endauth
    </header>

    <main>
      <section aria-labelledby="members-title">
        <h2 id="members-title">Here now</h2>
        <ul id="members"></ul>
        <h2>Channels</h2>
        <ul id="channels"></ul>
      </section>

      <section class="chat" aria-label="Chat">
        <ol id="messages"></ol>
        <p id="typing" aria-live="polite"></p>
        <form id="compose">
          <input id="text" aria-label="Message" placeholder="Write to the room" autocomplete="off" required>
          <button type="submit">Send</button>
        </form>
        @guest
          <p class="cover"><a href="/login">Log in</a> to write.</p>
        @endguest
      </section>

      <section aria-labelledby="events-title">
        <h2 id="events-title">Events</h2>
        <ol id="events"></ol>
      </section>
    </main>

    <script src="/page/echo.js"></script>
    <script src="/page/chat.js"></script>
  </body>
</html>
