import { createHmac } from 'node:crypto';
import { ready, server } from '@serenity-kit/opaque';
import type { PasswordProtocol } from '../ports.ts';

/** A fresh set-up secret. Losing it makes every password of the server worthless. */
export async function createPasswordSetup(): Promise<string> {
  await ready;
  return server.createSetup();
}

/** OPAQUE as in RFC 9807, auth suite 1 (protocol §2). The library draws its own randomness. */
export async function createOpaquePasswords(setup: string): Promise<PasswordProtocol> {
  await ready;
  return {
    registrationResponse: (identifier, request) =>
      orUndefined(
        () =>
          server.createRegistrationResponse({
            serverSetup: setup,
            userIdentifier: identifier,
            registrationRequest: request,
          }).registrationResponse,
      ),
    startLogin: ({ identifier, record, request }) =>
      orUndefined(() => {
        const { serverLoginState, loginResponse } = server.startLogin({
          serverSetup: setup,
          userIdentifier: identifier,
          registrationRecord: record,
          startLoginRequest: request,
        });
        return { state: serverLoginState, answer: loginResponse };
      }),
    finishLogin: (state, finish) =>
      orUndefined(() =>
        server.finishLogin({ serverLoginState: state, finishLoginRequest: finish }),
      ) !== undefined,
    secretDigest: (text) => createHmac('sha256', setup).update(text, 'utf8').digest(),
  };
}

/** The library throws, or answers nothing, for causes that nobody outside may tell apart. */
function orUndefined<T>(step: () => T | undefined): T | undefined {
  try {
    return step();
  } catch {
    return undefined;
  }
}
