/**
 * The other side of the control contract, inside the page: plays a scene through the bridge that the
 * desktop shell gives, and does to it what commands would do. Runs in the page, so it refers to
 * nothing outside itself.
 */
import type { Scene } from './scenes.ts';

export interface FakeOptions {
  readonly scene: Scene;
  readonly recoveryWords: readonly string[];
  /** By command: the code with which it fails, the first time only. */
  readonly failsOnce?: Readonly<Record<string, string>>;
}

export interface FakePage {
  /** Commands in the order in which they came, with their input. */
  readonly fakeCalls: { readonly command: string; readonly input: Record<string, unknown> }[];
  /** What the tray was told to show, in the order in which it was. */
  readonly fakeFaces: { readonly glyph: string; readonly isPaused: boolean }[];
  /** A device comes in by the words that are shown. */
  readonly fakeJoin: (name: string) => void;
  /** Says something unasked: an event, or that the connection came or went. */
  readonly fakeTell: (news: unknown) => void;
}

export function installFakeBridge({ scene, recoveryWords, failsOnce = {} }: FakeOptions): void {
  type Answer = { ok: true; value: unknown } | { ok: false; error: unknown };
  type Changing = { -readonly [K in keyof Scene]: Scene[K] };
  const state = structuredClone(scene) as Changing;
  /** What the change that waits for its words does, once it is made. */
  let proposed: () => unknown = () => undefined;
  const joined = Promise.withResolvers<{ device: string }>();
  const fields = state as unknown as Record<string, unknown>;
  const failures: Record<string, string> = { ...failsOnce };
  const calls: { command: string; input: Record<string, unknown> }[] = [];
  const faces: FakePage['fakeFaces'] = [];
  const listeners = new Set<(news: unknown) => void>();
  const fail = (code: string): Answer => ({ ok: false, error: { code, message: '', hint: '' } });
  const without = (list: string, test: (entry: Record<string, unknown>) => boolean): void => {
    fields[list] = (fields[list] as Record<string, unknown>[]).filter((entry) => !test(entry));
  };
  const pairFor = (input: Record<string, unknown>): Record<string, unknown> => ({
    id: 'new',
    local: input['local'],
    remote: input['remote'],
    mode: input['mode'] ?? 'two-way',
  });

  const effects: Record<string, (input: Record<string, unknown>) => unknown> = {
    resolveConflict: ({ path }) => without('conflicts', (entry) => entry['path'] === path),
    approveHeld: ({ id }) => without('held', (entry) => entry['id'] === id),
    undoHeld: ({ id }) => without('held', (entry) => entry['id'] === id),
    actOnStall: ({ path }) => without('stalls', (entry) => entry['path'] === path),
    pause: () => {
      for (const pair of state.status.pairs) pair.state = 'paused';
    },
    resume: () => {
      for (const pair of state.status.pairs) pair.state = 'idle';
    },
    removePair: ({ pair }) => {
      without('listPairs', (entry) => entry['id'] === pair);
      state.status.pairs = state.status.pairs.filter(({ id }) => id !== pair);
    },
    exclude: ({ pair, remote }) => {
      for (const known of state.listPairs) {
        if (known.id === pair) known.excluded.push(...(remote as string[]));
      }
    },
    include: ({ pair, remote }) => {
      for (const known of state.listPairs) {
        if (known.id !== pair) continue;
        known.excluded = known.excluded.filter((path) => !(remote as string[]).includes(path));
      }
    },
    checkServer: ({ server }) => ({ server: `https://${String(server)}` }),
    signUp: ({ server, email }) => {
      signIn(server, email);
      return { recoveryWords, active: true };
    },
    signIn: ({ server, email }) => signIn(server, email),
    recoverAccount: ({ server, email }) => {
      proposed = () => signIn(server, email);
      return { change: 'c1', recoveryWords };
    },
    settleRecovery: ({ isKept }) => (isKept === true ? proposed() : undefined),
    settleWords: ({ isKept }) => (isKept === true ? proposed() : undefined),
    removeDevice: ({ device }) => {
      proposed = () => without('devices', (entry) => entry['id'] === device);
      return { change: 'c2', recoveryWords };
    },
    makeRecoveryWords: () => {
      proposed = () => undefined;
      return { change: 'c3', recoveryWords };
    },
    startSecondFactor: () => ({
      change: 'f1',
      secret: 'K5QWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      uri: 'otpauth://totp/Coffer:camille?secret=K5QWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    }),
    confirmSecondFactor: () => {
      state.secondFactor = { isOn: true, backupCodesLeft: 10 };
      return { backupCodes: recoveryWords.slice(0, 10).map((word) => `${word.slice(0, 5)}-q7x2m`) };
    },
    endSecondFactor: () => {
      state.secondFactor = { isOn: false, backupCodesLeft: 0 };
    },
    openPairing: () => ({
      pairing: 'p1',
      words: recoveryWords.slice(8, 16),
      text: 'coffer-pair:https://coffer.maison-lefevre.fr#AAECAwQFBgcICQo',
    }),
    awaitPairing: () => joined.promise,
    joinByPairing: ({ server }) => signIn(server, 'back@example.org'),
    signOut: () => {
      state.account = { signedIn: false };
    },
    localFolders: ({ path = '/home/camille' }) => ({
      path,
      parent: path === '/' ? null : '/home',
      folders: ['Bureau', 'Documents', 'Images', 'Musique'].map((name) => ({
        name,
        path: `${String(path)}/${name}`,
      })),
      suggested: '/home/camille/Coffer',
    }),
    remoteFolders: ({ path }) =>
      path === '/Documents' || path === '/'
        ? ['Administratif', 'Laboratoire', 'Publications et communications'].map((name, i) => ({
            name,
            path: `${path === '/' ? '' : path}/${name}`,
            bytes: (i + 1) * 1_800_000_000,
          }))
        : path === '/Documents/Laboratoire'
          ? ['Cahiers', 'Données brutes'].map((name) => ({
              name,
              path: `${path}/${name}`,
              bytes: 640_000_000,
            }))
          : [],
    addPair: (input) => {
      const pair = pairFor(input);
      state.status.pairs.push({
        ...pair,
        state: 'syncing',
        pending: { uploads: 12, downloads: 0, uploadBytes: 84_000_000, downloadBytes: 0, other: 0 },
        conflicts: 0,
        stalls: 0,
        held: 0,
        lastSyncedAt: null,
      } as unknown as (typeof state.status.pairs)[number]);
      state.listPairs = [
        ...state.listPairs,
        { ...pair, state: 'syncing', excluded: [] } as unknown as (typeof state.listPairs)[number],
      ];
      return pair;
    },
  };

  function signIn(server: unknown, email: unknown): void {
    const device = { id: 'd1', name: 'Atelier' };
    state.account = { signedIn: true, server: String(server), email: String(email), device };
    // Somebody who was here before finds the folders again.
    if (String(email).startsWith('back@')) return;
    state.status = { pairs: [], transfers: [] };
    state.listPairs = [];
  }

  async function call(command: string, input: Record<string, unknown>): Promise<Answer> {
    calls.push({ command, input: structuredClone(input) });
    if (state.transport === 'silent') await new Promise(() => undefined);
    if (state.transport === 'lost') return fail('unreached');
    if (state.transport === 'failing') return fail('damaged-profile');
    const code = failures[command];
    if (code !== undefined) {
      delete failures[command];
      return fail(code);
    }
    const effect = effects[command];
    const told = fields[command] as { fails?: string } | undefined;
    if (effect === undefined && told?.fails !== undefined) return fail(told.fails);
    return {
      ok: true,
      value: structuredClone(effect === undefined ? told : ((await effect(input)) ?? {})),
    };
  }

  function subscribe(listener: (news: unknown) => void): () => void {
    listeners.add(listener);
    queueMicrotask(() => {
      if (state.transport === 'silent') return;
      listener({ kind: state.transport === 'lost' ? 'lost' : 'connected' });
    });
    return () => listeners.delete(listener);
  }

  Object.assign(globalThis, {
    cofferBridge: {
      call,
      subscribe,
      showFace: (face: FakePage['fakeFaces'][number]) => faces.push(face),
    },
    fakeCalls: calls,
    fakeFaces: faces,
    fakeJoin: (name: string) => {
      const device = { id: 'd9', name, isCurrent: false, createdAt: null, lastSeenAt: null };
      state.devices = [...state.devices, device];
      joined.resolve({ device: device.id });
    },
    fakeTell: (news: unknown) => {
      for (const listener of listeners) listener(news);
    },
  });
}
