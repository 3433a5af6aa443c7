/** A profile as a window sees it: account, computer, engine. */
export { createProfileTarget } from './open-profile-target.ts';
export type { ProfileTarget } from './profile-target.ts';
