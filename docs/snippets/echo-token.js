import Echo from 'laravel-echo'
import Pusher from 'pusher-js'

window.Pusher = Pusher

const { VITE_REVERB_SCHEME, VITE_REVERB_HOST, VITE_REVERB_PORT } = import.meta.env
const resound = `${VITE_REVERB_SCHEME}://${VITE_REVERB_HOST}:${VITE_REVERB_PORT}`
const bridge = `${resound}/apps/${import.meta.env.VITE_REVERB_APP_ID}`

window.Echo = new Echo({
  broadcaster: 'reverb',
  key: import.meta.env.VITE_REVERB_APP_KEY,
  wsHost: VITE_REVERB_HOST,
  wsPort: VITE_REVERB_PORT,
  wssPort: VITE_REVERB_PORT,
  forceTLS: VITE_REVERB_SCHEME === 'https',
  enabledTransports: ['ws', 'wss'],
  authEndpoint: `${bridge}/auth`,
  userAuthentication: { endpoint: `${bridge}/user-auth`, headers: {} },
  bearerToken: localStorage.getItem('token'),
})
