/** What tests of view-models begin with: an English page, a pair at rest, everything known. */
import type { PairStatus } from '@coffer/native-worker/contract';
import { NOTHING_KNOWN, type DriveSnapshot } from '../control/drive-snapshot.ts';
import { wordsIn } from '../words/translator.ts';

export const english = wordsIn('en', { locale: 'en-GB', timeZone: 'UTC' });
export const french = wordsIn('fr', { locale: 'fr-FR', timeZone: 'UTC' });
export const NOW_MS = Date.parse('2026-11-20T14:32:00Z');

export const NOTHING_PENDING = {
  uploads: 0,
  downloads: 0,
  uploadBytes: 0,
  downloadBytes: 0,
  other: 0,
};

export function aPair(over: Partial<PairStatus> = {}): PairStatus {
  return {
    id: 'p1',
    local: '/home/me/Documents',
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

export function aSnapshot(over: Partial<DriveSnapshot> = {}): DriveSnapshot {
  return {
    ...NOTHING_KNOWN,
    connection: 'live',
    account: {
      signedIn: true,
      server: 'https://drive.example.org',
      email: 'me@example.org',
      device: { id: 'd1', name: 'Atelier' },
    },
    status: { pairs: [aPair()], transfers: [] },
    activity: [],
    ...over,
  };
}
