/**
 * Safety checks that are taken out one at a time, each with the tests that must notice. `find` stands
 * exactly once in `file`; where code moves, the run says so and the entry is brought up to date.
 */
import { CLIENT_SABOTAGES } from './client-sabotages.ts';
import { PROTOCOL_SABOTAGES } from './protocol-sabotages.ts';
import { SERVER_SABOTAGES } from './server-sabotages.ts';
import { UPKEEP_SABOTAGES } from './upkeep-sabotages.ts';

export interface Sabotage {
  /** What is gone. */
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The fewest files of tests that notice. */
  readonly tests: readonly string[];
}

export const SABOTAGES: readonly Sabotage[] = [
  ...PROTOCOL_SABOTAGES,
  ...CLIENT_SABOTAGES,
  ...SERVER_SABOTAGES,
  ...UPKEEP_SABOTAGES,
];
