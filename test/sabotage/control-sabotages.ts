/** Who may speak to the daemon over loopback: `native-worker/src/control`. */
import type { Sabotage } from './sabotages.ts';

const control = 'native-worker/src/control';
const guard = `${control}/http-guard.ts`;
const tests = [`${control}/control-server.test.ts`];

export const CONTROL_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'loopback: requests under any name are answered',
    file: guard,
    find: 'if (host === undefined || !this.#names().includes(host)) return false;',
    replace: 'if (host === undefined) return false;',
    tests,
  },
  {
    name: 'loopback: pages of any origin may ask',
    file: guard,
    find: 'if (origin !== undefined && !this.#isOwnOrigin(origin)) return false;',
    replace: '',
    tests,
  },
  {
    name: 'loopback: what a browser says about the site is not looked at',
    file: guard,
    find: "return site === undefined || site === 'same-origin' || site === 'none';",
    replace: 'return site !== null;',
    tests,
  },
  {
    name: 'loopback: any token will do',
    file: guard,
    find: "isEqual(given, this.#options.token) ? 'token'",
    replace: "given !== '' ? 'token'",
    tests,
  },
  {
    name: 'loopback: the word that opens the page opens it twice',
    file: guard,
    find: '    this.#onceBySecret.delete(once);\n',
    replace: '',
    tests,
  },
  {
    name: 'loopback: the word that opens the page has no end',
    file: guard,
    find: 'if (at === undefined || now - at > ONCE_MS_MAX) return undefined;',
    replace: 'if (at === undefined) return undefined;',
    tests,
  },
  {
    name: 'loopback: the session of a page has no end',
    file: guard,
    find: 'if (now - usedAt > SESSION_IDLE_MS_MAX) return false;',
    replace: '',
    tests,
  },
  {
    name: 'loopback: a cookie alone counts as our own page',
    file: guard,
    find: "? headers['sec-fetch-site'] === 'same-origin'",
    replace: "? headers['sec-fetch-site'] !== 'cross-site'",
    tests,
  },
  {
    name: 'loopback: a page may ask what is for programs alone',
    file: `${control}/control-server.ts`,
    find: "(own !== undefined && caller !== 'token')",
    replace: '(own !== undefined && caller === undefined)',
    tests,
  },
  {
    name: 'loopback: the page is shown to everybody',
    file: `${control}/control-server.ts`,
    find: '} else if (!this.#guard.hasSession(request)) sendPage(response, 401, EXPIRED);',
    replace: "} else if (url.pathname === '') sendPage(response, 401, EXPIRED);",
    tests,
  },
];
