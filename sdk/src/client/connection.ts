/** The calls of a signed-in device, over one connection to its server. */
import type { SpaceId } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { Clock, DeviceSecrets, HttpTransport, Random } from '../ports/index.ts';
import { createAccountApi, type AccountApi } from './api/account-api.ts';
import { ApiClient } from './api/api-client.ts';
import type { RetryPolicy } from './api/retry.ts';
import { Session } from './api/session.ts';
import { createProofApi, createSpaceApi, type Prove, type SpaceApi } from './api/space-api.ts';

export interface ConnectionOptions {
  readonly transport: HttpTransport;
  readonly suite: OpenSuite;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry?: RetryPolicy | undefined;
}

export interface Connection {
  /** For calls that no session makes. */
  readonly api: ApiClient;
  readonly session: Session;
  readonly account: AccountApi;
  readonly space: (space: SpaceId) => SpaceApi;
  readonly prove: (space: SpaceId) => Prove;
  readonly endSession: (signal: AbortSignal) => Promise<void>;
  readonly bytesOnWire: () => { readonly sent: number; readonly received: number };
}

export function createConnection(options: ConnectionOptions, secrets: DeviceSecrets): Connection {
  const api = new ApiClient(options);
  const session = new Session(api, options.suite, secrets);
  return {
    api,
    session,
    account: createAccountApi(api, session),
    space: (space) => createSpaceApi(api, session, space),
    prove: (space) => createProofApi(api, session, space),
    endSession: (signal) => session.end(signal),
    bytesOnWire: () => api.bytesOnWire(),
  };
}
