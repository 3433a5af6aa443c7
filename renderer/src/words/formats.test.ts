import assert from 'node:assert/strict';
import test from 'node:test';
import { english, french, NOW_MS } from '../testing/builders.ts';
import { formatLocale, preferredLocale } from './translator.ts';

test('sizes are decimal, with three digits, and never round up to a thousand', () => {
  const { bytes } = english.formats;
  assert.deepEqual([0, 1, 999, 1000, 48_211, 999_400, 999_600, 4.2e6, 18.64e9, 2e12].map(bytes), [
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1 kB',
    '48.2 kB',
    '999 kB',
    '1 MB',
    '4.2 MB',
    '18.6 GB',
    '2 TB',
  ]);
});

test('French has octets, commas and spaces that do not break', () => {
  const { bytes, count, percent, speed, time } = french.formats;
  const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, '~');
  assert.deepEqual(
    [bytes(4.2e6), count(48_211), percent(0.625), speed(3.4e6), time(NOW_MS)].map(plain),
    ['4,2~Mo', '48~211', '62~%', '3,4~Mo/s', '14:32'],
  );
});

test('"4.2 of 9.8 MB": the first number takes the unit of the second', () => {
  assert.equal(english.formats.bytesIn(540_000, 9.8e6), '0.54');
  assert.equal(french.formats.bytesIn(4.2e6, 9.8e6), '4,2');
});

test('how long ago is said in the largest whole unit', () => {
  const ago = (seconds: number) => english.formats.ago(NOW_MS - seconds * 1000, NOW_MS);
  assert.deepEqual([0, 59, 60, 3599, 3600, 90_000].map(ago), [
    'now',
    'now',
    '1 minute ago',
    '59 minutes ago',
    '1 hour ago',
    'yesterday',
  ]);
  assert.equal(french.formats.ago(NOW_MS - 120_000, NOW_MS), 'il y a 2 minutes');
});

test('the language is the first of the person’s that there is, in their own variant', () => {
  assert.equal(preferredLocale(['de-DE', 'fr-CA', 'en']), 'fr');
  assert.equal(preferredLocale(['de-DE']), 'en');
  assert.equal(formatLocale('en', ['fr-FR', 'en-US']), 'en-US');
  assert.equal(formatLocale('en', ['en']), 'en-GB');
});
