/** What preload and main process call each other by; requests carry plain data and are parsed by the main process. */
export const CHANNELS = {
  call: 'coffer:call',
  subscribe: 'coffer:subscribe',
  unsubscribe: 'coffer:unsubscribe',
  events: 'coffer:events',
  news: 'coffer:news',
  face: 'coffer:face',
} as const;
