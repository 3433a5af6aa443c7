import { err, ok, type Result } from '@coffer/protocol/core';

/** `insecure-server`: plain http to another machine. `invalid-server`: no address of a server. */
export type ServerOriginError = 'invalid-server' | 'insecure-server';

/**
 * Scheme, host and port of the server that a person named. Plain http is taken only for this machine
 * itself, unless `allowHttp`. A name without a scheme means https.
 */
export function parseServerOrigin(
  text: string,
  allowHttp = false,
): Result<string, ServerOriginError> {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return err('invalid-server');
  }
  const isBare = url.username + url.password + url.search + url.hash === '' && url.pathname === '/';
  if (!isBare) return err('invalid-server');
  if (url.protocol === 'http:' && !allowHttp && !isLoopback(url.hostname)) {
    return err('insecure-server');
  }
  return ok(url.origin);
}

/** True for names and addresses of this machine itself, as `URL.hostname` has them. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
