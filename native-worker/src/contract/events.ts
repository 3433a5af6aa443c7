/** The engine's one ordered event stream. */
import { z } from 'zod';
import { ActivityListing, EngineStatus, StallListing, SyncSummary } from './shapes.ts';

export const EngineEvent = z.discriminatedUnion('kind', [
  /** State of pairs and transfers; coalesced, at most 10 a second. */
  z.object({ kind: z.literal('status'), status: EngineStatus }),
  z.object({ kind: z.literal('activity'), activity: ActivityListing }),
  /** Something needs a person that did not before. */
  z.object({ kind: z.literal('stall'), pair: z.string(), stall: StallListing }),
  z.object({ kind: z.literal('hold'), pair: z.string(), count: z.int(), of: z.int() }),
  z.object({ kind: z.literal('conflict'), pair: z.string(), path: z.string() }),
  z.object({ kind: z.literal('settled'), pair: z.string(), summary: SyncSummary }),
]);
export type EngineEvent = z.infer<typeof EngineEvent>;

/** Numbers grow by one per engine; a gap means that the listener joined late. */
export const NumberedEvent = z.object({ number: z.int().positive(), event: EngineEvent });
export type NumberedEvent = z.infer<typeof NumberedEvent>;
