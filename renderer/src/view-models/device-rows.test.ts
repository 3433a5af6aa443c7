import assert from 'node:assert/strict';
import test from 'node:test';
import { wordsIn } from '../words/translator.ts';
import { deviceRows } from './device-rows.ts';

const nowMs = Date.parse('2026-11-20T14:32:00Z');
const english = wordsIn('en', { locale: 'en-GB', timeZone: 'UTC' });
const aDevice = (id: string, lastSeenAt: string | null, more: object = {}) => ({
  id,
  name: id,
  isCurrent: false,
  createdAt: null,
  lastSeenAt,
  ...more,
});

test('this device comes first, then the one that was seen last, with when that was', () => {
  const rows = deviceRows(
    [
      aDevice('old', '2026-06-03T10:00:00Z', { createdAt: '2025-02-01T10:00:00Z' }),
      aDevice('never', null),
      aDevice('phone', '2026-11-20T13:30:00Z'),
      aDevice('desk', '2026-11-20T14:30:00Z', { isCurrent: true }),
    ],
    { words: english, nowMs },
  );
  assert.deepEqual(
    rows.map(({ id, seen }) => [id, seen]),
    [
      ['desk', 'In use now'],
      ['phone', 'Last seen 1 hour ago'],
      ['old', 'Last seen 3 Jun'],
      ['never', 'Not seen yet'],
    ],
  );
  assert.equal(rows[2]?.joined, 'Joined 1 Feb 2025');
});

test('a device that never said its name is not left without one', () => {
  const [row] = deviceRows([aDevice('x', null, { name: '' })], { words: english, nowMs });
  assert.equal(row?.name, 'A device without a name');
});
