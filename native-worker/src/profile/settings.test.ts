import assert from 'node:assert/strict';
import test from 'node:test';
import { engineChoices, parseBytes, requireSensible, SETTINGS } from './settings.ts';

test('a rate is bytes, by thousands or by 1,024, and at least one', () => {
  assert.deepEqual(['1', '500', '1.5M', '2Mi'].map(parseBytes), [1, 500, 1_500_000, 2_097_152]);
  for (const text of ['0', '0.4', '0K', 'fast', '']) {
    assert.throws(() => parseBytes(text), { code: 'usage' }, text);
  }
});

test('a limit with which nothing would arrive is refused with its unit and a way out', () => {
  for (const key of ['limit.up', 'limit.down']) {
    for (const value of ['1', '5', '500', '49K']) {
      assert.throws(() => requireSensible(key, value), {
        message: new RegExp(`^${key} ${value} means [0-9]+ bytes? a second`),
        hint: /50K \(50,000 bytes a second\) or more.*'coffer config set limit\.(up|down) 500K'/,
      });
    }
    for (const value of ['50K', '500K', '2Mi', '50000']) requireSensible(key, value);
  }
  requireSensible('recycle.maxBytes', '5');
  requireSensible('hold.count', '1');
});

const CHOSEN: Readonly<Record<string, readonly [value: string, choice: object]>> = {
  'limit.up': ['500K', { upBytesPerSecond: 500_000 }],
  'limit.down': ['2Mi', { downBytesPerSecond: 2_097_152 }],
  'limit.schedule': ['22:00-06:30', { limitHours: { fromMinute: 1320, toMinute: 390 } }],
  proxy: ['http://127.0.0.1:3128', { proxy: 'http://127.0.0.1:3128' }],
  'recycle.days': ['7', { recycleKeepMs: 7 * 86_400_000 }],
  'recycle.maxBytes': ['10G', { recycleBytesMax: 10_000_000_000 }],
  'hold.count': ['20', { holdCountMax: 20 }],
  'hold.share': ['0.25', { holdShareMax: 0.25 }],
};

test('each setting reaches the engine, or says why this version takes no value for it', () => {
  for (const { key, missing, pattern } of SETTINGS) {
    const [value, choice] = CHOSEN[key] ?? ['info', {}];
    assert.deepEqual(engineChoices({ [key]: value }), choice, key);
    const isUsed = key in CHOSEN || key === 'log.level';
    assert.equal(missing === undefined, isUsed, key);
    if (isUsed) assert.match(value, pattern);
  }
});

test('what no engine could take is refused with the form that is meant', () => {
  const wrong = [
    ['limit.schedule', '25:00-26:00'],
    ['limit.schedule', 'nights'],
    ['proxy', 'http://'],
    ['recycle.maxBytes', '0'],
  ] as const;
  for (const [key, value] of wrong) {
    assert.throws(() => engineChoices({ [key]: value }), { code: 'usage' }, `${key} ${value}`);
  }
});
