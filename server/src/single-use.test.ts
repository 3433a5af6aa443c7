import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, RateLimit } from './rate-limit.ts';
import { ClaimedOnce, SingleUse } from './single-use.ts';

test('a value is taken once, in time, and the oldest goes when there are too many', () => {
  const values = new SingleUse<number>(2);
  values.put('a', 1, 10);
  assert.equal(values.take('a', 9), 1);
  assert.equal(values.take('a', 9), undefined);
  values.put('b', 2, 10);
  assert.equal(values.take('b', 10), undefined);
  for (const key of ['c', 'd', 'e']) values.put(key, 3, 10);
  assert.equal(values.take('c', 0), undefined);
  assert.equal(values.take('d', 0), 3);
});

test('a key is claimed once, and forgotten when it could not be used any more anyway', () => {
  const claims = new ClaimedOnce();
  assert.equal(claims.claim('a', 10, 0), true);
  assert.equal(claims.claim('a', 10, 1), false);
  assert.equal(claims.claim('a', 10, 9), false);
  assert.equal(claims.claim('b', 20, 10), true);
  assert.equal(claims.claim('a', 30, 10), true);
});

test('tries are counted from the first one, and forgiven when they were well meant', () => {
  const limit = new RateLimit(2, 100);
  assert.deepEqual([limit.take('k', 0), limit.take('k', 50)], [undefined, undefined]);
  assert.equal(limit.take('k', 60), 40);
  assert.equal(limit.take('other', 60), undefined);
  assert.equal(limit.take('k', 100), undefined);
  limit.forgive('k');
  assert.deepEqual([limit.take('k', 101), limit.take('k', 102)], [undefined, undefined]);
  assert.equal(limit.take('k', 103), 98);
});

test('an IPv6 network counts as one address, however it is written', () => {
  const same = ['2001:db8:0:1::1', '2001:DB8:0:1:ffff::', '2001:db8:0:0001:1:2:3:4'];
  assert.equal(new Set(same.map(addressKey)).size, 1);
  assert.notEqual(addressKey('2001:db8:0:2::1'), addressKey('2001:db8:0:1::1'));
  assert.equal(addressKey('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(addressKey('::1'), addressKey('0:0:0:0:0:0:0:1'));
  assert.equal(addressKey('fe80::1%eth0'), addressKey('fe80::2'));
});
