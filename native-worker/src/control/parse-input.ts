/** The input of a call, parsed once at the boundary. */
import type { z } from 'zod';
import { ControlFailure } from '../contract/index.ts';

/** Throws ControlFailure `malformed`, which says what is wrong and where. */
export function parseInput<T>(name: string, schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  const what = `${name}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'malformed'}`;
  throw new ControlFailure({ code: 'malformed', message: what, hint: '' });
}
