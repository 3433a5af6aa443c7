import { z } from 'zod';
import { bytesToUtf8, FormatError, utf8ToBytes, type Bytes } from '../core/index.ts';
import type { Form } from './form.ts';

/** The value of a JSON body that fits `form`, decoded; throws FormatError without quoting it. */
export function decodeJson<S extends z.ZodType>(form: Form<S>, body: Bytes): z.output<S> {
  const parsed = z.safeDecode(form(), parse(body) as z.input<S>);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => issue.path.join('.') || 'body');
  throw new FormatError(`JSON of another form: ${places.slice(0, 3).join(', ')}`);
}

/** The JSON body of a decoded value. */
export function encodeJson<S extends z.ZodType>(
  form: Form<S>,
  value: z.output<S>,
): Uint8Array<ArrayBuffer> {
  return utf8ToBytes(JSON.stringify(z.encode(form(), value)));
}

function parse(body: Bytes): unknown {
  try {
    return JSON.parse(bytesToUtf8(body));
  } catch (cause) {
    throw new FormatError('not JSON', { cause });
  }
}
