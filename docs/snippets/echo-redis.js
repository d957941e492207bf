import Echo from 'laravel-echo'
import Pusher from 'pusher-js'

window.Pusher = Pusher

const bridge = `/apps/${import.meta.env.VITE_REVERB_APP_ID}`

window.Echo = new Echo({
  broadcaster: 'reverb',
  key: import.meta.env.VITE_REVERB_APP_KEY,
  wsHost: import.meta.env.VITE_REVERB_HOST,
  wsPort: import.meta.env.VITE_REVERB_PORT,
  wssPort: import.meta.env.VITE_REVERB_PORT,
  forceTLS: import.meta.env.VITE_REVERB_SCHEME === 'https',
  enabledTransports: ['ws', 'wss'],
  authEndpoint: `${bridge}/auth`,
  userAuthentication: { endpoint: `${bridge}/user-auth`, headers: {} },
})
