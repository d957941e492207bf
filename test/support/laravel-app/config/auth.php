<?php

// Beside the framework's session guard: a bearer token, for clients that keep no cookies.
return [
    'guards' => ['api' => ['driver' => 'token', 'provider' => 'users']],
];
