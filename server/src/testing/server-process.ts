/** A server in a process of its own, for tests that kill it: `node server-process.ts DATA_DIR`. */
import { createServer, keepHeapsSmall } from '../index.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('usage: server-process.ts DATA_DIR');
keepHeapsSmall();
const server = await createServer({ dataDir });
const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${url}\n`);
process.once('SIGTERM', () => void server.close());
