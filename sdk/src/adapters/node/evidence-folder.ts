import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeHeadEvidence } from '../../client/space/head-evidence.ts';
import type { KeepEvidence, SignedHead } from '../../ports/index.ts';

/** Writes each pair of heads once, readable by the owner alone, as `evidence-….txt` into `folder`. */
export function createEvidenceFolder(folder: string): KeepEvidence {
  return (evidence) => {
    const bytes = encodeHeadEvidence(evidence);
    const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const path = join(folder, `evidence-${name}.txt`);
    try {
      if (existsSync(path)) return path;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Aside first: half of a file on a full disk would stand for evidence for ever.
      writeFileSync(`${path}.new`, textFor(evidence, bytes), { mode: 0o600 });
      renameSync(`${path}.new`, path);
      return path;
    } catch {
      // The refusal itself must reach its person, with the file or without.
      return undefined;
    }
  };
}

/** It may be shown to anybody: ids, numbers and signatures, no names and no keys. */
function textFor(
  { space, pinned, offered }: Parameters<KeepEvidence>[0],
  bytes: Uint8Array,
): string {
  const isRestore = offered.era > pinned.era;
  return [
    'Two states of one Coffer space that cannot both be the newest.',
    '',
    'This device had seen the first one. Later the server showed the second one, which does not',
    'contain the first. Each was signed by a device of the space, so neither can be invented.',
    isRestore
      ? 'The server says that it was restored from a backup (its era is higher than before).'
      : 'The server does not say that it was restored: it went back in time, or shows different',
    isRestore
      ? 'If whoever runs it confirms that, `coffer stalls do accept-restored` takes its state over.'
      : 'states to different devices. Ask whoever runs it.',
    'No local file was touched.',
    '',
    `space     ${space}`,
    ...linesOf('seen', pinned),
    ...linesOf('shown', offered),
    '',
    'Everything above as canonical bytes (docs/protocol.md §4, Freshness), in hexadecimal:',
    ...(Buffer.from(bytes)
      .toString('hex')
      .match(/.{1,96}/g) ?? []),
    '',
  ].join('\n');
}

function linesOf(
  which: string,
  { seq, id, era, header, signature }: SignedHead,
): readonly string[] {
  const hex = (part: Uint8Array): string => Buffer.from(part).toString('hex');
  return [
    '',
    `${which.padEnd(9)} commit ${seq}, era ${era}`,
    `id        ${id}`,
    `header    ${hex(header)}`,
    `signature ${hex(signature)}`,
  ];
}
