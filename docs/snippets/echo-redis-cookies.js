import Echo from 'laravel-echo'
import Pusher from 'pusher-js'

window.Pusher = Pusher

const { hostname } = window.location
const port = import.meta.env.VITE_REVERB_PORT
const bridge = `http://${hostname}:${port}/apps/${import.meta.env.VITE_REVERB_APP_ID}`

const ask =
  (path) =>
  async ({ socketId, channelName = '' }, done) => {
    const response = await fetch(`${bridge}/${path}`, {
      method: 'POST',
      credentials: 'include',
      body: new URLSearchParams({ socket_id: socketId, channel_name: channelName }),
    })
    const answer = await response.json()
    done(response.ok ? null : new Error(answer.error), answer)
  }

window.Echo = new Echo({
  broadcaster: 'reverb',
  key: import.meta.env.VITE_REVERB_APP_KEY,
  wsHost: hostname,
  wsPort: port,
  forceTLS: false,
  enabledTransports: ['ws'],
  channelAuthorization: { customHandler: ask('auth') },
  userAuthentication: { customHandler: ask('user-auth'), headers: {} },
})
