/** A profile as a window sees it: account, computer, engine. */
export { createProfileTarget } from './open-profile-target.ts';
export { profileAt } from './profile-folder.ts';
export { serveProfile, type ServedProfile } from './serve-profile.ts';
export { shareProfile } from './share-profile.ts';
