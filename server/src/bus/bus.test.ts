import { busContract } from '../testing/bus-contract.ts';
import { createBus } from './bus.ts';

busContract('a bus for one process', async () => createBus());
