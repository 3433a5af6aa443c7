/**
 * Safety checks that are taken out one at a time, each with the tests that must notice. `find` stands
 * exactly once in `file`: a test holds that, and where code moves the entry is brought up to date with it.
 */
import { CLIENT_SABOTAGES } from './client-sabotages.ts';
import { CONTROL_SABOTAGES } from './control-sabotages.ts';
import { CRASH_SABOTAGES } from './crash-sabotages.ts';
import { PROTOCOL_SABOTAGES } from './protocol-sabotages.ts';
import { SERVER_SABOTAGES } from './server-sabotages.ts';
import { UPHEAVAL_SABOTAGES } from './upheaval-sabotages.ts';
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
  ...UPHEAVAL_SABOTAGES,
  ...CRASH_SABOTAGES,
  ...CONTROL_SABOTAGES,
  ...SERVER_SABOTAGES,
  ...UPKEEP_SABOTAGES,
];
