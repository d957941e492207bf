import Echo from 'laravel-echo'
import Pusher from 'pusher-js'

window.Pusher = Pusher

const scheme = import.meta.env.VITE_REVERB_SCHEME
const host = import.meta.env.VITE_REVERB_HOST
const port = import.meta.env.VITE_REVERB_PORT
const bridge = `${scheme}://${host}:${port}/apps/${import.meta.env.VITE_REVERB_APP_ID}`

window.Echo = new Echo({
  broadcaster: 'reverb',
  key: import.meta.env.VITE_REVERB_APP_KEY,
  wsHost: host,
  wsPort: port,
  wssPort: port,
  forceTLS: scheme === 'https',
  enabledTransports: ['ws', 'wss'],
  authEndpoint: `${bridge}/auth`,
  userAuthentication: { endpoint: `${bridge}/user-auth`, headers: {} },
  bearerToken: localStorage.getItem('token'),
})
