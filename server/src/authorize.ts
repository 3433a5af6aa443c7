import type { Caller } from '@coffer/protocol/api';
import { parseId, type SpaceId } from '@coffer/protocol/core';
import type { Role } from '@coffer/protocol/model';
import { Failure } from './failure.ts';
import type { Sessions } from './services/sessions.ts';
import type { MetadataStore, Session } from './stores/metadata-store.ts';

const WRITERS: ReadonlySet<Role> = new Set(['editor', 'manager', 'owner']);

/** Who may do what is decided here and nowhere else. Commits are judged by the rules besides. */
export interface Authorized {
  /** Undefined for calls that anyone may make. */
  readonly session: Session | undefined;
  /** Of calls on a space: one that the caller is a member of. */
  readonly space: SpaceId | undefined;
}

export async function authorize(
  by: { readonly sessions: Sessions; readonly store: Pick<MetadataStore, 'getRole'> },
  caller: Caller,
  request: { readonly authorization: string | undefined; readonly space: string | undefined },
): Promise<Authorized> {
  if (caller === 'anyone') return { session: undefined, space: undefined };
  const token = /^Bearer ([A-Za-z0-9_-]{16,128})$/.exec(request.authorization ?? '')?.[1];
  const session = token === undefined ? undefined : await by.sessions.find(token);
  if (session === undefined) throw new Failure('not-signed-in');
  if (caller === 'enrol-or-session') return { session, space: undefined };
  if (caller === 'enrol' || caller === 'password') {
    const isFresh = session.device === null && (caller === 'enrol' || session.proof === undefined);
    if (!isFresh) throw new Failure('refused');
    return { session, space: undefined };
  }
  // An enrol token belongs to no device: it opens nothing but the account's keys.
  if (session.device === null) throw new Failure('refused');
  if (caller === 'session') return { session, space: undefined };
  const space = spaceOf(request.space);
  const role = space && (await by.store.getRole(space, session.account));
  if (space === undefined || role === undefined) throw new Failure('not-found');
  if (caller === 'writer' && !WRITERS.has(role)) throw new Failure('refused');
  return { session, space };
}

/** What is no id is no space either. */
function spaceOf(text: string | undefined): SpaceId | undefined {
  try {
    return text === undefined ? undefined : parseId<SpaceId>(text);
  } catch {
    return undefined;
  }
}
