/**
 * The example of docs/sdk.md, to be run against a server:
 *
 *   ./coffer serve --data /tmp/coffer-example --listen 127.0.0.1:8420
 *   node docs/examples/sdk-drive.ts http://127.0.0.1:8420 ./sdk-profile
 *
 * The first run makes an account in the folder that it is given; later runs open it again.
 */
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { openEngineDatabase, SqliteSpaceStore } from '@coffer/native-worker';
import { openDrive, parseServerOrigin, signUp, type AccountPorts } from '@coffer/sdk';
import {
  createKeyFile,
  createNodeHttpTransport,
  startNodeSha256,
  systemClock,
  systemRandom,
  yieldNodeTurn,
} from '@coffer/sdk/node';
import { mkdirSync } from 'node:fs';
import { hostname, platform } from 'node:os';
import { join } from 'node:path';

const [server = 'http://127.0.0.1:8420', folder = './sdk-profile'] = process.argv.slice(2);
const origin = parseServerOrigin(server);
if (!origin.ok) throw new Error(`not the address of a server: ${origin.error}`);

// The signal ends whatever is under way: every call of the library takes one.
const { signal } = new AbortController();
mkdirSync(folder, { recursive: true, mode: 0o700 });
const keyStore = createKeyFile(join(folder, 'device.json'));
const suite = await createNodeOpenSuite();
using transport = createNodeHttpTransport({ origin: origin.value });
const ports: AccountPorts = {
  connect: () => transport,
  keyStore,
  suite,
  clock: systemClock,
  random: systemRandom,
};

if ((await keyStore.load()) === undefined) {
  const email = `me-${Buffer.from(systemRandom.bytes(4)).toString('hex')}@example.org`;
  const input = {
    server: origin.value,
    email,
    password: 'a long passphrase',
    deviceName: hostname(),
  };
  const signedUp = await signUp(ports, input, signal);
  // A refusal is a value with a code of docs/errors.md; faults are thrown.
  if (!signedUp.ok) throw new Error(`no account was made: ${signedUp.error.code}`);
  console.log(`signed up as ${email}; recovery words: ${signedUp.value.recoveryWords.length}`);
}

const secrets = await keyStore.load();
if (secrets === undefined) throw new Error('signing up saves the secrets of the device');
const database = openEngineDatabase(join(folder, 'space.db'), systemClock.now());
try {
  const drive = await openDrive(
    {
      secrets,
      keyStore,
      transport,
      suite,
      store: new SqliteSpaceStore(database),
      clock: systemClock,
      random: systemRandom,
      startSha256: startNodeSha256,
      yieldTurn: yieldNodeTurn,
      platform: platform(),
    },
    signal,
  );

  const text = new TextEncoder().encode(
    `written at ${new Date(systemClock.now()).toISOString()}\n`,
  );
  const put = await drive.put('/notes/today.txt', [text], { makeParents: true }, signal);
  if (!put.ok) throw new Error(`${put.error.path}: ${put.error.code}`);
  console.log(`put ${put.value.path}, revision ${put.value.node.rev}`);

  // Pieces arrive verified one by one; the file as a whole is verified when `get` resolves.
  const pieces: Uint8Array[] = [];
  const got = await drive.get(
    '/notes/today.txt',
    { write: (bytes) => void pieces.push(bytes.slice()) },
    {},
    signal,
  );
  if (!got.ok) throw new Error(`${got.error.path}: ${got.error.code}`);
  console.log(`got ${JSON.stringify(Buffer.concat(pieces).toString('utf8'))}`);

  const versions = drive.versions('/notes/today.txt');
  if (versions.ok) console.log(`the file has ${versions.value.length} content(s)`);
  const listing = drive.list('/', { recursive: true });
  if (listing.ok) for (const { path, node } of listing.value.entries) console.log(node.kind, path);
} finally {
  database.close();
}
