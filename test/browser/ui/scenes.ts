/** Recorded states of a drive, as the control contract tells them: what the pages are shown over. */
import type {
  AccountListing,
  ActivityListing,
  ConflictListing,
  DeviceListing,
  EngineStatus,
  HeldListing,
  PairListing,
  PairStatus,
  SecondFactorState,
  StallListing,
  UsageListing,
} from '@coffer/native-worker/contract';

/** What the fake answers; a command that is not named here answers with an empty object. */
export interface Scene {
  readonly account: AccountListing;
  readonly status: EngineStatus;
  readonly listPairs: readonly PairListing[];
  readonly conflicts: readonly ConflictListing[];
  readonly held: readonly HeldListing[];
  readonly stalls: readonly StallListing[];
  readonly activity: readonly ActivityListing[];
  readonly usage: UsageListing | { readonly fails: string };
  readonly devices: readonly DeviceListing[];
  readonly secondFactor: SecondFactorState | { readonly fails: string };
  /** `lost`: nobody answers. `silent`: answers never come. `failing`: they are failures. */
  readonly transport?: 'live' | 'lost' | 'silent' | 'failing';
}

/** The moment at which every scene is looked at. */
export const NOW = '2026-11-20T14:32:00Z';
const SIGNED_IN: AccountListing = {
  signedIn: true,
  server: 'https://coffer.maison-lefevre.fr',
  email: 'camille.lefevre@grenoble-archives.fr',
  device: { id: 'd1', name: 'Atelier' },
};
const DEVICES: readonly DeviceListing[] = [
  {
    id: 'd1',
    name: 'Atelier',
    isCurrent: true,
    createdAt: '2025-03-02T09:00:00Z',
    lastSeenAt: '2026-11-20T14:31:00Z',
  },
  {
    id: 'd2',
    name: 'ThinkPad',
    isCurrent: false,
    createdAt: '2025-03-04T09:00:00Z',
    lastSeenAt: '2026-11-20T12:20:00Z',
  },
  {
    id: 'd3',
    name: 'Ordinateur portable prêté par le laboratoire (salle 214, armoire du fond)',
    isCurrent: false,
    createdAt: '2026-09-01T09:00:00Z',
    lastSeenAt: '2026-09-12T12:20:00Z',
  },
  { id: 'd4', name: '', isCurrent: false, createdAt: '2026-11-19T09:00:00Z', lastSeenAt: null },
];
const NOTHING_PENDING = {
  uploads: 0,
  downloads: 0,
  uploadBytes: 0,
  downloadBytes: 0,
  other: 0,
};

function aPair(over: Partial<PairStatus> = {}): PairStatus {
  return {
    id: 'p1',
    local: '/home/camille/Documents',
    remote: '/Documents',
    mode: 'two-way',
    state: 'idle',
    pending: NOTHING_PENDING,
    conflicts: 0,
    stalls: 0,
    held: 0,
    lastSyncedAt: '2026-11-20T14:30:00Z',
    ...over,
  };
}

const PHOTOS = {
  id: 'p2',
  local: '/home/camille/Photos',
  remote: '/Photos',
  mode: 'upload',
} as const;

function listed(pairs: readonly PairStatus[]): readonly PairListing[] {
  return pairs.map(({ id, local, remote, mode, state }) => ({
    id,
    local,
    remote,
    mode,
    state,
    excluded: id === 'p1' ? ['/Documents/Laboratoire/Données brutes'] : [],
  }));
}

function done(at: string, op: string, path: string, more: Partial<ActivityListing> = {}) {
  return { at, op, path, device: 'd1', ...more };
}

const ACTIVITY: readonly ActivityListing[] = [
  done('2026-11-20T14:31:10Z', 'upload', 'Comptes 2026.ods', { bytes: 51_200 }),
  done('2026-11-20T14:29:00Z', 'download', 'Voyage NZ/Milford Sound 0231.jpg', {
    bytes: 18_400_000,
  }),
  done('2026-11-20T11:06:00Z', 'move', 'Thèse/Brouillons/Chapitre 4', {
    to: 'Thèse/Chapitre 4 relu',
  }),
  done('2026-11-20T10:48:00Z', 'make-folder', 'Thèse/Figures'),
  done('2026-11-19T18:52:00Z', 'upload', 'Attestation d’assurance habitation 2026-2027.pdf', {
    bytes: 232_000,
  }),
  done('2026-11-19T16:40:00Z', 'update', 'Lettre de motivation.odt', { bytes: 41_000 }),
  done('2026-09-12T15:04:00Z', 'delete', 'Facture plombier, juin.pdf'),
];

interface SceneParts extends Partial<Omit<Scene, 'status' | 'listPairs'>> {
  readonly pairs?: readonly PairStatus[];
  readonly transfers?: EngineStatus['transfers'];
}

function scene(parts: SceneParts = {}): Scene {
  const { pairs = [aPair(), aPair(PHOTOS)], transfers = [], ...rest } = parts;
  return {
    account: SIGNED_IN,
    status: { pairs: [...pairs], transfers },
    listPairs: listed(pairs),
    conflicts: [],
    held: [],
    stalls: [],
    activity: ACTIVITY,
    usage: {
      usedBytes: 31_400_000_000,
      totalBytes: 50_000_000_000,
      transferUsedBytes: 0,
      transferTotalBytes: null,
    },
    devices: DEVICES,
    secondFactor: { isOn: false, backupCodesLeft: 0 },
    ...rest,
  };
}

const used = (usedBytes: number): UsageListing => ({
  usedBytes,
  totalBytes: 50_000_000_000,
  transferUsedBytes: 0,
  transferTotalBytes: null,
});

const CONFLICTS: readonly ConflictListing[] = [
  {
    path: '/Documents/Budget prévisionnel 2026-2027.ods',
    copy: '/Documents/Budget prévisionnel 2026-2027 (conflict ThinkPad 2026-11-20 13-57-02).ods',
    id: 'c1',
    device: 'd2',
    at: '2026-11-20T13:57:02Z',
    sizes: { mine: 51_000, theirs: 48_000 },
  },
  {
    path: '/Documents/Ordre du jour du conseil.odt',
    copy: '/Documents/Ordre du jour du conseil (conflict Atelier 2026-11-19 09-12-00).odt',
    id: 'c2',
    device: 'd1',
    at: '2026-11-19T09:12:00Z',
    sizes: { mine: 22_400, theirs: 23_100 },
  },
];

const HELD: HeldListing = {
  id: 'h1',
  local: '/home/camille/Archives',
  side: 'remote',
  count: 1284,
  of: 1588,
  createdAt: '2026-11-20T14:20:00Z',
  paths: Array.from(
    { length: 100 },
    (_, i) =>
      `/Archives/${['Entretiens 2019-2022', 'Photographies anciennes', 'Courrier'][i % 3]}/pièce ${i + 1}.tif`,
  ),
};

const STALLS: readonly StallListing[] = [
  {
    path: '/home/camille/Documents/AUX.txt',
    reason: 'NameIllegalHere',
    since: '2026-11-20T12:00:00Z',
    needsPerson: true,
    message: 'this system cannot hold that name',
    hint: 'Rename it on a device that can.',
    actions: ['retry'],
  },
  {
    path: '/home/camille/Documents/rapport annuel.docx',
    reason: 'FileBusy',
    since: '2026-11-20T14:28:00Z',
    needsPerson: false,
    message: 'another program holds this file',
    hint: 'It syncs once that program lets go of it.',
    actions: ['retry'],
  },
];

const HOSTILE = 'Facture \u202Efdp.exe\u200B\u0007 très très longue, à relire avant vendredi.pdf';

export const SCENES = {
  idle: scene(),
  syncing: scene({
    pairs: [
      aPair({
        state: 'syncing',
        pending: {
          uploads: 3,
          downloads: 1,
          uploadBytes: 393_600_000,
          downloadBytes: 18_400_000,
          other: 0,
        },
      }),
      aPair(PHOTOS),
    ],
    transfers: [
      {
        id: 't1',
        path: '/Documents/Thèse/Soutenance Inès, répétition.mp4',
        direction: 'up',
        bytesDone: 1_054_000_000,
        bytesTotal: 1_700_000_000,
        bytesPerSecond: 2_100_000,
        etaSeconds: 308,
      },
      {
        id: 't2',
        path: '/Documents/Procès-verbal de l’assemblée générale extraordinaire, version définitive signée.pdf',
        direction: 'up',
        bytesDone: 4_200_000,
        bytesTotal: 9_800_000,
        bytesPerSecond: 1_300_000,
        etaSeconds: 4.3,
      },
      {
        id: 't3',
        path: '/Documents/Voyage NZ/Milford Sound 0231.jpg',
        direction: 'down',
        bytesDone: 13_100_000,
        bytesTotal: 18_400_000,
        bytesPerSecond: 820_000,
        etaSeconds: null,
      },
      {
        id: 't4',
        path: '/Documents/Archives/Entretiens (brut).tar.zst',
        direction: 'up',
        bytesDone: 2_800_000_000,
        bytesTotal: 6_400_000_000,
        bytesPerSecond: 0,
        etaSeconds: null,
        paused: true,
      },
    ],
  }),
  decisions: scene({
    pairs: [aPair({ conflicts: 2, stalls: 1, held: 1284, state: 'attention' }), aPair(PHOTOS)],
    conflicts: CONFLICTS,
    held: [HELD],
    stalls: STALLS,
    usage: used(43_000_000_000),
  }),
  names: scene({
    pairs: [aPair({ conflicts: 1, state: 'attention', local: `/home/camille/${HOSTILE}` })],
    conflicts: [{ ...CONFLICTS[0], path: `/Documents/${HOSTILE}` } as ConflictListing],
    activity: [
      done('2026-11-20T14:31:10Z', 'upload', HOSTILE, { bytes: 51_200 }),
      done('2026-11-20T14:30:10Z', 'move', `${HOSTILE}2`, { to: 'تقرير سنوي 2026.pdf' }),
      done('2026-11-20T14:29:10Z', 'download', `${'a'.repeat(180)}.tar.zst`, {
        bytes: 999_600_000,
      }),
    ],
  }),
  paused: scene({
    pairs: [
      aPair({
        state: 'paused',
        pausedUntil: '2026-11-20T16:30:00Z',
        pending: { ...NOTHING_PENDING, uploads: 6, uploadBytes: 4_000_000 },
      }),
      aPair({ ...PHOTOS, state: 'paused', pausedUntil: '2026-11-20T16:30:00Z' }),
    ],
  }),
  offline: scene({
    pairs: [
      aPair({
        state: 'offline',
        pending: { ...NOTHING_PENDING, uploads: 6, uploadBytes: 4_000_000 },
      }),
      aPair({ ...PHOTOS, state: 'offline' }),
    ],
    usage: { fails: 'network' },
    secondFactor: { fails: 'network' },
  }),
  stopped: scene({
    pairs: [aPair({ state: 'error', stalls: 1, reason: 'IntegrityFailure' }), aPair(PHOTOS)],
    stalls: [
      {
        path: '/home/camille/Documents',
        reason: 'IntegrityFailure',
        since: '2026-11-20T14:00:00Z',
        needsPerson: true,
        message: 'data from the server failed a check; no local file was touched',
        hint: 'Do not trust this server before you know why.',
        actions: ['retry'],
      },
      {
        path: '/home/camille/Photos',
        reason: 'ReasonOfTomorrow',
        since: '2026-11-20T14:00:00Z',
        needsPerson: true,
        message: 'a reason that this page does not know',
        hint: 'The words of the engine stand here.',
        actions: ['retry', 'act-of-tomorrow'],
      },
    ],
  }),
  full: scene({ usage: used(50_000_000_000) }),
  nearlyFull: scene({
    usage: used(47_900_000_000),
    secondFactor: { isOn: true, backupCodesLeft: 1 },
  }),
  quiet: scene({ activity: [], devices: DEVICES.slice(0, 1) }),
  empty: scene({ pairs: [], activity: [] }),
  signedOut: scene({ account: { signedIn: false } }),
  loading: scene({ transport: 'silent' }),
  lost: scene({ transport: 'lost' }),
  failing: scene({ transport: 'failing' }),
} as const satisfies Record<string, Scene>;

export type SceneName = keyof typeof SCENES;

export const RECOVERY_WORDS = (
  'anchor basket candle dragon earth fabric garden harvest island jacket kitchen ladder ' +
  'magnet napkin ocean pencil quarter rabbit saddle tiger umbrella velvet window zebra'
).split(' ');
