/**
 * The server's own workloads (durable uploads by many accounts), with the load generator on the same
 * processors: `node server/src/testing/bench-server.ts [--accounts N] [--files N] [--bulk N]
 * [--streams N] [--dir DIR]`. Everything is signed and sealed before the clock starts.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bytes } from '@coffer/protocol/core';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { BenchConnection } from './bench-connection.ts';
import { createHttpHandle } from './http-handle.ts';
import { signedInPerson, type Person } from './person.ts';
import { ServerProcess } from './server-process-handle.ts';
import { packOf } from './space-writer.ts';

const CONTENT_BYTES = 4096;
const FILES_PER_BULK = 256;
const TICKS_PER_SECOND = 100;
const MIB = 1024 * 1024;

interface Upload {
  readonly pack: Bytes;
  readonly commit: Bytes;
}

interface Lane {
  readonly person: Person;
  readonly uploads: readonly Upload[];
}

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '32' },
    files: { type: 'string', default: '60' },
    bulk: { type: 'string', default: '4' },
    streams: { type: 'string', default: '1000' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const suite = await createNodeOpenSuite();
const dir = mkdtempSync(join(values.dir, 'coffer-bench-server-'));
const server = await ServerProcess.start(join(dir, 'data'));
const { hostname, port } = new URL(server.url);
try {
  const people: Person[] = [];
  for (let i = 0; i < Number(values.accounts); i++) {
    const options = { suite, handle: createHttpHandle(server.url), origin: server.url, time: 0 };
    people.push(await signedInPerson({ ...options, name: `bench-${i}@example.org` }));
  }
  await measure('S1 single files', lanesOf(people, Number(values.files), 1), 1);
  await measure('S2 bulk', lanesOf(people, Number(values.bulk), FILES_PER_BULK), FILES_PER_BULK);
  await measureStreams(people, Number(values.streams));
} finally {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}

function lanesOf(people: readonly Person[], uploads: number, filesEach: number): Lane[] {
  return people.map((person) => ({
    person,
    uploads: Array.from({ length: uploads }, (_, i) => uploadOf(person, i, filesEach)),
  }));
}

function uploadOf({ drive }: Person, number: number, filesEach: number): Upload {
  const files = Array.from({ length: filesEach }, (_, i) =>
    drive.file(`${filesEach} ${number} ${i}`, [suite.randomBytes(CONTENT_BYTES)]),
  );
  const commit = drive.commit(files.map(({ change }) => change));
  drive.accept(commit);
  return {
    pack: packOf(files.flatMap(({ bodies }) => bodies)),
    commit: encodeSealedCommit(commit.commit),
  };
}

async function measure(title: string, lanes: readonly Lane[], filesEach: number): Promise<void> {
  const latencies: number[] = [];
  const connections = await Promise.all(lanes.map(() => BenchConnection.open(new URL(server.url))));
  const cpuBefore = cpuSeconds();
  const threadsBefore = threadSeconds();
  const began = performance.now();
  await Promise.all(
    lanes.map(async ({ person, uploads }, i) => {
      const path = `/v1/spaces/${person.drive.space}`;
      const connection = connections[i];
      for (const { pack, commit } of uploads) {
        const start = performance.now();
        await connection?.post(`${path}/packs`, person.token ?? '', pack);
        await connection?.post(`${path}/commits`, person.token ?? '', commit);
        latencies.push(performance.now() - start);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  for (const connection of connections) connection.close();
  const files = latencies.length * filesEach;
  const usOf = (spent: number) => Math.round((spent * 1e6) / files);
  const threads = [...threadSeconds()].map(([id, spent]) => ({
    isFirst: id === String(server.child.pid),
    spent: spent - (threadsBefore.get(id) ?? 0),
  }));
  const first = threads.find(({ isFirst }) => isFirst)?.spent ?? 0;
  const others = threads.filter(({ isFirst }) => !isFirst).map(({ spent }) => spent);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  console.log(
    `${title}: ${Math.round(files / seconds)} files/s (${files} files, ${seconds.toFixed(2)} s), ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; processor time a file ${usOf(cpuSeconds() - cpuBefore)} µs, ` +
      `of the first thread ${usOf(first)} µs, of the writer ${usOf(Math.max(0, ...others))} µs; ${residentMib()} MiB`,
  );
}

async function measureStreams(people: readonly Person[], count: number): Promise<void> {
  const before = residentMib();
  const open = Array.from({ length: count }, (_, i) => {
    const headers = { authorization: `Bearer ${people[i % people.length]?.token ?? ''}` };
    const stream = request({ hostname, port, path: '/v1/events', headers, agent: false });
    const ready = new Promise<void>((resolve, reject) => {
      stream.on('response', (answer) => answer.once('data', () => resolve())).on('error', reject);
    });
    stream.end();
    return { stream, ready };
  });
  await Promise.all(open.map(({ ready }) => ready));
  console.log(`S3 ${count} idle event streams: ${residentMib()} MiB, ${before} MiB without`);
  for (const { stream } of open) stream.destroy();
}

/** User and system time of the server so far. */
function cpuSeconds(): number {
  return secondsIn(`/proc/${server.child.pid}/stat`);
}

/** The same for each of its threads: what one of them takes bounds what a quiet machine can do. */
function threadSeconds(): ReadonlyMap<string, number> {
  const tasks = `/proc/${server.child.pid}/task`;
  return new Map(readdirSync(tasks).map((id) => [id, secondsIn(`${tasks}/${id}/stat`)]));
}

function secondsIn(path: string): number {
  const stat = readFileSync(path, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentMib(): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Math.round((Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / MIB);
}
