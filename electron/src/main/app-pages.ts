/**
 * The pages under `app://coffer/`: files of one folder, found by their names alone, with the headers
 * that keep a page from reaching anything but its own origin.
 */
import { protocol } from 'electron';
import { CONTENT_SECURITY_POLICY, pageFile } from '@coffer/native-worker/control';

const SCHEME = 'app';
export const ORIGIN = `${SCHEME}://coffer`;

/** Call before the application is ready. */
export function claimScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges }]);
}

export function servePages(folder: string): void {
  protocol.handle(SCHEME, ({ method, url }) => answer(folder, method, new URL(url)));
}

/** True for an address of ours. */
export function isOwnPage(url: string): boolean {
  return url === ORIGIN || url.startsWith(`${ORIGIN}/`);
}

function answer(folder: string, method: string, url: URL): Response {
  if (method !== 'GET' || url.host !== 'coffer') return new Response('', { status: 404 });
  const file = pageFile(folder, decodeURI(url.pathname));
  if (file === undefined) return new Response('', { status: 404 });
  return new Response(new Blob([new Uint8Array(file.bytes)]), {
    headers: {
      'content-type': file.type,
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  });
}
