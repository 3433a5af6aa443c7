/**
 * The client's half of OPAQUE (protocol §2): the password never leaves this process, not even as a
 * hash. Every failure of the library, thrown or returned, is one outcome: undefined.
 */
import { base64UrlToBytes, type Bytes } from '@coffer/protocol/core';

type OpaqueClient = (typeof import('@serenity-kit/opaque'))['client'];

/** Suite 1: Argon2id t3, 64 MiB, p4. Compiled in: a server cannot ask for less. */
const KEY_STRETCHING = 'memory-constrained';

export interface Registration {
  readonly request: string;
  readonly finish: (response: string) => RegistrationResult | undefined;
}

export interface RegistrationResult {
  readonly record: string;
  readonly exportKey: Bytes;
}

export interface Login {
  readonly request: string;
  /** Undefined for a wrong password and for an answer that is not the server's. */
  readonly finish: (answer: string) => LoginResult | undefined;
}

export interface LoginResult {
  readonly finish: string;
  readonly exportKey: Bytes;
}

export async function startRegistration(password: string): Promise<Registration> {
  const client = await loadClient();
  const started = client.startRegistration({ password });
  return {
    request: started.registrationRequest,
    finish: (response) =>
      attempt(() => {
        const finished = client.finishRegistration({
          password,
          registrationResponse: response,
          clientRegistrationState: started.clientRegistrationState,
          keyStretching: KEY_STRETCHING,
        });
        return {
          record: finished.registrationRecord,
          exportKey: base64UrlToBytes(finished.exportKey),
        };
      }),
  };
}

export async function startLogin(password: string): Promise<Login> {
  const client = await loadClient();
  const started = client.startLogin({ password });
  return {
    request: started.startLoginRequest,
    finish: (answer) =>
      attempt(() => {
        const finished = client.finishLogin({
          password,
          loginResponse: answer,
          clientLoginState: started.clientLoginState,
          keyStretching: KEY_STRETCHING,
        });
        if (finished === undefined) return undefined;
        return {
          finish: finished.finishLoginRequest,
          exportKey: base64UrlToBytes(finished.exportKey),
        };
      }),
  };
}

/** Loaded when a password is first used: it is a sixth of all code, and a signed-in device needs none. */
async function loadClient(): Promise<OpaqueClient> {
  const { client, ready } = await import('@serenity-kit/opaque');
  await ready;
  return client;
}

function attempt<T>(action: () => T | undefined): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
