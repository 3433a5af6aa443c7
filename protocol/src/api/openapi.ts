/** The HTTP interface as an OpenAPI document, made from the table that routes are made from. */
import { z } from 'zod';
import { CALL_NAMES, CALLS, type Call, type Caller } from './calls.ts';
import { ERROR_CODES, errorEntry } from './error-codes.ts';
import type { Form } from './form.ts';
import { errorAnswer } from './schemas.ts';

type Json = { readonly [key: string]: Json } | readonly Json[] | string | number | boolean | null;

const CALLERS: Readonly<Record<Caller, string>> = {
  anyone: 'Anyone may call it.',
  session: 'For a session.',
  'enrol-or-session': 'For an enrol token or a session.',
  enrol: 'For an enrol token.',
  password: 'For an enrol token that a password was given for.',
  member: 'For a session of a member of the space.',
  writer: 'For a session of a member of the space who is an editor at least.',
};

/** Of the calls that read a part of a list. */
const QUERY: Readonly<Record<string, string>> = {
  chain: 'from',
  commits: 'from',
  events: 'cursor',
};

/** The whole document, the same for the same table. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const name of CALL_NAMES) {
    const call: Call = CALLS[name];
    const path = call.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [call.method.toLowerCase()]: operationOf(name, call) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Coffer',
      version: '1',
      description:
        'What clients and the server say to each other. The meaning of the sealed parts is in docs/protocol.md.',
    },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: schemaOf(errorAnswer), ErrorCode: { enum: serverCodes() } },
    },
  };
}

function operationOf(name: string, call: Call): Json {
  const parameters = [...call.path.matchAll(/:(\w+)/g)].map(([, key = '']) => ({
    name: key,
    in: 'path',
    required: true,
    schema: { type: 'string', maxLength: 64 },
  }));
  const query = QUERY[name];
  const count = { type: 'integer', minimum: 0 };
  return {
    operationId: name,
    description: `${CALLERS[call.caller]} A body has at most ${call.bodySizeBytesMax} bytes.`,
    security: call.caller === 'anyone' ? [] : [{ token: [] }],
    parameters: [
      ...parameters,
      ...(query === undefined
        ? []
        : [{ name: query, in: 'query', required: false, schema: count }]),
    ],
    ...(call.request === null
      ? {}
      : { requestBody: { required: true, content: contentOf(call.request) } }),
    responses: {
      200: { description: 'Done, and durable.', content: contentOf(call.answer) },
      default: {
        description: 'Not done. The code says why.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function contentOf(body: Form | 'binary' | 'events'): Json {
  if (body === 'binary') return { 'application/octet-stream': {} };
  if (body === 'events') return { 'text/event-stream': {} };
  return { 'application/json': { schema: schemaOf(body) } };
}

/** Of what travels, not of what code works with. */
function schemaOf(form: Form): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(form(), { io: 'input', unrepresentable: 'any' });
  return rest as Json;
}

function serverCodes(): readonly string[] {
  return ERROR_CODES.filter((code) => errorEntry(code).status !== null);
}
