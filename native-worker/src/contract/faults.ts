/** The failures of the contract alone: short commands tell them apart without loading its schemas. */
export { ControlFailure, type FailureShape } from './control-failure.ts';
export * from './engine-fault.ts';
export { storeDamage } from './store-damage.ts';
