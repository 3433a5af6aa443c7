import type { StallListing } from '@coffer/native-worker/contract';
import { baseName } from '../ui/visible-name.ts';
import type { Words } from '../words/translator.ts';

export interface StallRow {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly needsPerson: boolean;
  readonly text: string;
  readonly hint: string;
  /** `action` goes to `actOnStall`. */
  readonly actions: readonly { readonly action: string; readonly text: string }[];
}

/** Those that need a person first. Reasons this page does not know keep the engine's own words. */
export function stallRows(stalls: readonly StallListing[], words: Words): readonly StallRow[] {
  return stalls
    .toSorted((a, b) => Number(b.needsPerson) - Number(a.needsPerson))
    .map(({ path, reason, needsPerson, message, hint, actions }) => ({
      id: `${reason} ${path}`,
      path,
      name: baseName(path),
      needsPerson,
      text: words.find(`stall.${reason}`) ?? message,
      hint: words.find(`stall.${reason}.hint`) ?? hint,
      actions: actions.map((action) => ({
        action,
        text: words.find(`stall-action.${action}`) ?? action,
      })),
    }));
}
