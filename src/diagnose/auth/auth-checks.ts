/**
 * Of authorisation: whether a private channel lets in who should be let in, and else which layer refuses.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'
import { appLetsIn } from './answer.ts'
import { browsersMayAsk } from './cors.ts'
import { endpointAnswers } from './endpoint.ts'
import { signatureIsGood } from './signature.ts'
import { serverLetsIn } from './subscribe.ts'

export const AUTH_CHECKS: readonly Check<Scene>[] = [
  endpointAnswers,
  browsersMayAsk,
  appLetsIn,
  signatureIsGood,
  serverLetsIn,
]
