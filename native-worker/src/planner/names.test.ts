import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { conflictName, numberedName } from './conflict-name.ts';
import {
  escapeForWindows,
  localNameFor,
  remoteNameOf,
  unescapeFromWindows,
} from './local-names.ts';
import { roundToMs } from './meta.ts';
import { isSameName, nameKey } from './name-key.ts';
import { LINUX, MACOS, WINDOWS } from './testing/pretend-pair.ts';
import type { BaseNode } from './types.ts';

const policy = { deviceName: 'nova', planningTime: '2026-11-23 10-00-00' };
const never = (): boolean => false;

describe('names that a root gives back in another form', () => {
  test('stand for the remote name, also where the local one was a numbered one', () => {
    const base = { name: '\u00e4', localName: '\u00c4 (2)' } as BaseNode;
    const shown = base.localName.normalize('NFD');
    assert.equal(remoteNameOf(shown, base, MACOS), base.name);
    assert.equal(remoteNameOf(shown, base, LINUX), shown);
  });
});

describe('conflict names', () => {
  const rows = [
    ['a.txt', false, 'a (conflict nova 2026-11-23 10-00-00).txt'],
    ['.profile', false, '.profile (conflict nova 2026-11-23 10-00-00)'],
    ['a.tar.gz', false, 'a.tar (conflict nova 2026-11-23 10-00-00).gz'],
    ['v1.2', true, 'v1.2 (conflict nova 2026-11-23 10-00-00)'],
    ['no extension', false, 'no extension (conflict nova 2026-11-23 10-00-00)'],
  ] as const;
  for (const [name, isFolder, made] of rows) {
    test(`${name} becomes ${made}`, () => {
      assert.equal(conflictName(name, { isFolder, policy, caps: LINUX, isTaken: never }), made);
    });
  }

  test('a taken name gets 2, then 3', () => {
    const taken = new Set<string>();
    const made = [1, 2, 3].map(() => {
      const isTaken = (name: string): boolean => taken.has(name);
      const name = conflictName('a.txt', { isFolder: false, policy, caps: LINUX, isTaken });
      taken.add(name);
      return name;
    });
    assert.deepEqual(made, [
      'a (conflict nova 2026-11-23 10-00-00).txt',
      'a (conflict nova 2026-11-23 10-00-00 2).txt',
      'a (conflict nova 2026-11-23 10-00-00 3).txt',
    ]);
  });

  test('a device name is cut to 24 characters and never within one', () => {
    const deviceName = '\u{1f5a5}'.repeat(30);
    const made = conflictName('a', {
      isFolder: false,
      policy: { ...policy, deviceName },
      caps: LINUX,
      isTaken: never,
    });
    assert.equal(made, `a (conflict ${'\u{1f5a5}'.repeat(24)} 2026-11-23 10-00-00)`);
  });

  test('the stem is cut so that the name fits, in bytes or in units', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.boolean(),
        (stem, isBytes) => {
          const caps = { nameMax: 255, nameUnit: isBytes ? 'bytes' : 'utf16' } as const;
          const options = { isFolder: false, policy, caps, isTaken: never };
          const made = conflictName(`x${stem}.txt`, options);
          const length = isBytes ? new TextEncoder().encode(made).length : made.length;
          assert.ok(length <= 255 && made.endsWith('.txt') && made.isWellFormed());
        },
      ),
    );
  });
});

describe('local names', () => {
  test('a name that the root can hold is its own local name', () => {
    for (const name of ['a', 'a:b', 'CON', 'x.', ' y', 'a\\b']) {
      assert.equal(localNameFor(name, false, LINUX), name);
    }
    assert.equal(localNameFor('plain name.txt', false, WINDOWS), 'plain name.txt');
  });

  test('an escape is held by Windows and read back, unless the name has look-alikes itself', () => {
    const letters = fc.constantFrom(...Array.from('ab <>:"\\|?*.\u0001\u001fCONconlpt1 é日'));
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 12 }), (parts) => {
        const name = parts.join('');
        const held = escapeForWindows(name);
        assert.doesNotMatch(held, /[<>:"/\\|?*\p{Cc}]|[. ]$/u);
        assert.doesNotMatch(held, /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/iu);
        assert.equal(unescapeFromWindows(held), name);
      }),
      { numRuns: 500 },
    );
  });

  test('a numbered name keeps its extension', () => {
    assert.equal(numberedName('a.txt', false, LINUX, never), 'a (2).txt');
    assert.equal(
      numberedName('a.txt', false, LINUX, (name) => name === 'a (2).txt'),
      'a (3).txt',
    );
  });
});

describe('name keys', () => {
  test('names meet under NFC everywhere, and under case where the root does not tell it', () => {
    assert.equal(nameKey('e\u0301', LINUX), nameKey('\u00e9', LINUX));
    assert.notEqual(nameKey('A', LINUX), nameKey('a', LINUX));
    for (const [one, other] of [
      ['A', 'a'],
      ['\u00c9', 'e\u0301'],
      ['\u03c3', '\u03c2'],
    ] as const) {
      assert.equal(nameKey(one, MACOS), nameKey(other, MACOS));
    }
    assert.ok(isSameName('e\u0301', '\u00e9') && !isSameName('A', 'a'));
  });

  test('a key is its own key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        for (const caps of [LINUX, MACOS]) {
          const key = nameKey(name, caps);
          assert.equal(nameKey(key, caps), key);
        }
      }),
    );
  });
});

test('a time is rounded to the nearest ms, halves up, also before 1970', () => {
  const rows = [
    [0n, 0],
    [499_999n, 0],
    [500_000n, 1],
    [1_499_999n, 1],
    [-499_999n, 0],
    [-500_000n, 0],
    [-500_001n, -1],
    [-1_500_001n, -2],
  ] as const;
  for (const [ns, ms] of rows) assert.equal(roundToMs(ns), ms, String(ns));
});
