export * from './chunk-format.ts';
export * from './pack.ts';
// What the rules of a space judge is told of by the model.
export * from '../model/chunk-lengths.ts';
export * from '../model/page.ts';
