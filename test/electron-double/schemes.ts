/**
 * Schemes of the application's own. Chromium takes none that it does not know: pages see
 * `https://coffer.app.double.test`, the application sees `app://coffer`.
 */
export const privileged = new Set<string>();
export const handlers = new Map<string, (request: Request) => Response | Promise<Response>>();

const SUFFIX = 'double.test';

export function toPage(url: string): string {
  const { protocol, host, pathname, search, hash } = new URL(url);
  const scheme = protocol.slice(0, -1);
  if (!privileged.has(scheme)) return url;
  return `https://${host}.${scheme}.${SUFFIX}${pathname}${search}${hash}`;
}

export function toApp(url: string): string {
  const parsed = URL.parse(url);
  const [, host, scheme] = /^(.+)\.([a-z]+)\.double\.test$/.exec(parsed?.hostname ?? '') ?? [];
  if (parsed === null || host === undefined || scheme === undefined) return url;
  return `${scheme}://${host}${parsed.pathname}${parsed.search}${parsed.hash}`;
}
