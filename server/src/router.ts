import { CALL_NAMES, CALLS, type CallName } from '@coffer/protocol/api';

interface Pattern {
  readonly name: CallName;
  readonly method: string;
  readonly segments: readonly string[];
}

const PATTERNS: readonly Pattern[] = CALL_NAMES.map((name) => {
  const { method, path } = CALLS[name];
  return { name, method, segments: path.split('/') };
});

export interface FoundCall {
  readonly name: CallName;
  /** Values of the `:name` segments, not decoded: none of them needs an escape. */
  readonly params: Readonly<Record<string, string>>;
}

/** The call with this method and path, to the letter. */
export function findCall(method: string, path: string): FoundCall | undefined {
  const segments = path.split('/');
  for (const pattern of PATTERNS) {
    if (pattern.method !== method || pattern.segments.length !== segments.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.segments.every((expected, i) => {
      const segment = segments[i] ?? '';
      if (!expected.startsWith(':')) return segment === expected;
      params[expected.slice(1)] = segment;
      return segment !== '';
    });
    if (fits) return { name: pattern.name, params };
  }
  return undefined;
}
