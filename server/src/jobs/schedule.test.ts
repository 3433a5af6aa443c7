import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createSeededRandom, ManualClock } from '../testing/clock.ts';
import type { JobRun } from '../stores/collection-store.ts';
import type { Job } from './job.ts';
import { runSchedule } from './schedule.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

function createPlan(seed: string, runs = new Map<string, JobRun>()) {
  const clock = new ManualClock(1000 * DAY_MS);
  const ended = new AbortController();
  const ran: [string, number][] = [];
  const finished: (number | undefined)[] = [];
  const lines: string[] = [];
  const job = (name: string, action: () => void = () => {}): Job => ({
    name,
    everyMs: DAY_MS,
    run: async () => {
      ran.push([name, clock.now()]);
      action();
      return { done: 1 };
    },
  });
  const start = (...jobs: Job[]) =>
    runSchedule(
      {
        clock,
        random: createSeededRandom(seed),
        store: {
          getJobRun: async (name) => runs.get(name),
          putJobRun: async (name, run) => void runs.set(name, run),
        },
        log: { info: () => {}, error: (_, message) => lines.push(message) },
        onFinished: (_, { summary }) => finished.push(summary?.['done']),
      },
      jobs,
      ended.signal,
    );
  const pass = async (hours: number) => {
    for (let i = 0; i < hours; i++) {
      clock.advance(HOUR_MS);
      await turn();
      await turn();
    }
  };
  return { clock, ended, ran, finished, lines, runs, job, start, pass };
}

test('each job runs once a day, at an hour of its own', async () => {
  const { start, job, pass, ran, ended } = createPlan('daily');
  const running = start(job('one'), job('two'));
  await turn();
  await pass(10 * 24);
  ended.abort();
  await running;
  for (const name of ['one', 'two']) {
    const times = ran.flatMap(([other, at]) => (other === name ? [at] : []));
    assert.ok(times.length >= 9 && times.length <= 11, `${times.length} times`);
    const days = times.map((at) => Math.floor(at / DAY_MS));
    assert.ok(new Set(days).size >= 9);
    const hours = times.map((at) => Math.floor((at % DAY_MS) / HOUR_MS));
    assert.ok(new Set(hours).size > 4, 'not always at the same hour');
  }
});

test('a job that fails is said so and runs again the next day', async () => {
  const { start, job, pass, ended, finished, lines } = createPlan('failing');
  const running = start(
    job('bad', () => {
      throw new Error('no');
    }),
  );
  await turn();
  await pass(3 * 24);
  ended.abort();
  await running;
  assert.ok(finished.length >= 2);
  assert.ok(finished.every((done) => done === undefined));
  assert.ok(lines.every((line) => line === 'job failed'));
});

test('restarts neither skip nor repeat a job; what was missed comes within an hour', async () => {
  const runs = new Map<string, JobRun>();
  const first = createPlan('restart', runs);
  const running = first.start(first.job('one'));
  await turn();
  first.ended.abort();
  await running;
  const due = runs.get('one')?.nextAt ?? 0;
  const again = createPlan('other seed', runs);
  const runningAgain = again.start(again.job('one'));
  await turn();
  assert.equal(runs.get('one')?.nextAt, due);
  again.ended.abort();
  await runningAgain;

  runs.set('one', { nextAt: 999 * DAY_MS, finishedAt: null });
  const missed = createPlan('third', runs);
  const runningLate = missed.start(missed.job('one'));
  await turn();
  await missed.pass(2);
  missed.ended.abort();
  await runningLate;
  assert.equal(missed.ran.length, 1);
});

test('a schedule that is ended while it notes when a job is due comes to its end', async () => {
  const { start, job, ended, runs, ran } = createPlan('ended');
  const noted = Promise.withResolvers<undefined>();
  runs.get = () => {
    void noted.promise.then(() => ended.abort());
    noted.resolve(undefined);
    return undefined;
  };
  await start(job('one'));
  assert.deepEqual(ran, []);
});
