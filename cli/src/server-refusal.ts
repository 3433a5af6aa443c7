/** What a server's refusal says to people, for commands that have no words of their own for it. */
import { errorEntry, type ErrorCode } from '@coffer/protocol/api/error-codes';

const AGAIN = 'Run it again.';

/** What to do, where the sentence of the error table does not say it. */
const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  'not-found': 'Nothing was changed. Look whether it is still there.',
  'too-large': 'Split it, or ask who runs the server to accept more.',
  malformed: "'coffer version' and whoever runs the server can tell. Nothing was changed.",
  'limit-reached': "'coffer devices' lists devices, 'coffer trash' what can go for good.",
  'wrong-code': 'Nothing was changed.',
  'second-factor-needed': 'Nothing was changed.',
  'rate-limited': 'A quarter of an hour is enough. Nothing was changed.',
  'quota-exceeded':
    "'coffer quota' shows it; 'coffer trash empty' and 'coffer rm --forever' make room.",
  unsupported: 'A newer server may have it.',
  'not-signed-in': "'coffer logout', then 'coffer login' adds this device anew.",
  'wrong-password': "Try again, or 'coffer login --recovery' with the recovery words.",
  'wrong-recovery-key': 'Words that were replaced are void: use the newest ones.',
  refused: 'Nothing was changed. Ask whoever runs the server, or owns the folder.',
  'head-moved': AGAIN,
  'content-missing': 'Nothing is lost.',
  'bundle-moved': AGAIN,
  'chain-moved': AGAIN,
  'rule-broken':
    "Bring Coffer up to date on all devices; if it happens again, 'coffer doctor --bundle F' gathers what a report needs.",
  unavailable: 'Nothing is lost. Try again in a minute.',
  internal: 'Nothing is lost. Ask whoever runs it.',
  timeout: 'Run it again: it goes on from here.',
};

/** The first sentence of the table as what happened, the rest and the advice as what to do. */
export function serverRefusal(code: ErrorCode): readonly [message: string, hint: string] {
  const { text } = errorEntry(code);
  const end = text.indexOf('. ') + 1;
  const first = end > 0 ? text.slice(0, end) : text;
  const rest = [text.slice(first.length).trim(), ADVICE[code] ?? ''].filter((part) => part !== '');
  return [`${first[0]?.toLowerCase()}${first.slice(1, -1)}`, rest.join(' ')];
}
