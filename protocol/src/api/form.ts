/** Forms of JSON bodies, each built when a body of it first travels: a process meets few of them. */
import type { z } from 'zod';

/** Gives the schema: the same at every call. */
export type Form<S extends z.ZodType = z.ZodType> = () => S;

/** What code works with. */
export type DecodedOf<F extends Form> = z.output<ReturnType<F>>;

export function form<S extends z.ZodType>(build: () => S): Form<S> {
  let built: S | undefined;
  return () => (built ??= build());
}
