export * from './commit.ts';
export * from './records.ts';
export * from './state-view.ts';
