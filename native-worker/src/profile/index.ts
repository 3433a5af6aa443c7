/** A profile as a window sees it: account, computer, engine. */
export { holdProfile, type HeldProfile } from './hold-profile.ts';
export { createProfileTarget } from './open-profile-target.ts';
export { profileAt } from './profile-folder.ts';
export type { ProfileTarget } from './profile-target.ts';
