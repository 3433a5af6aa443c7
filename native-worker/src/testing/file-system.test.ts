import { fileSystemContract } from './file-system-contract.ts';
import { realTestDisk, simTestDisk } from './test-disk.ts';

fileSystemContract('node', () => realTestDisk());
fileSystemContract('node on tmpfs', () => realTestDisk('/dev/shm'));
fileSystemContract('simulated', () => simTestDisk());
fileSystemContract('simulated without inode reuse', () => simTestDisk({ inodeReuse: false }));
