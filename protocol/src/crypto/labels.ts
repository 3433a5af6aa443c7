/**
 * The registry of domain separation labels (protocol §10). One label has one use; a test holds this
 * list against docs/protocol.md and against the places that use it.
 */
import { concatBytes, u8, utf8ToBytes, type Bytes } from '../core/index.ts';

// prettier-ignore
export const LABELS = [
  'account-id', 'password-key', 'recovery-key', 'recovery-auth', 'account-key', 'account-secrets',
  'account-bundle', 'device-account-key', 'key-chain', 'key-chain-sign', 'session', 'pair-key',
  'pair-id', 'pair-offer', 'pair-accept', 'pair-account-key', 'envelope', 'space-id', 'trash-id',
  'epoch-key', 'old-epochs', 'root-key', 'trash-key', 'content-key', 'note-key', 'commit-note',
  'item-key', 'item', 'node-key', 'node-meta', 'name-tag', 'leaf', 'node', 'past-leaf', 'past-node',
  'changes', 'commit', 'commit-sign', 'gear', 'chunk', 'chunk-enc', 'chunk-com', 'page', 'page-id',
  'local-key', 'link-password', 'link-salt', 'link-key', 'link-auth', 'link', 'drop',
  'safety-number',
] as const;

export type Label = (typeof LABELS)[number];

const labelBytesByLabel = new Map<Label, Bytes>(
  LABELS.map((label) => {
    const text = utf8ToBytes(`coffer/v1/${label}`);
    return [label, concatBytes(u8(text.length), text)];
  }),
);

/** L(x) = u8 length ‖ ASCII "coffer/v1/x". */
export function labelBytes(label: Label): Bytes {
  return labelBytesByLabel.get(label) as Bytes;
}
