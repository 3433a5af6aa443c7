/**
 * The one table of errors that leave a part of Coffer: what a code means over HTTP, on the command
 * line, to the retry layer and to people. `docs/errors.md` is generated from it.
 */

/** `after-delay`: try again later by itself. `after-user`: only once a person did something. */
export type RetryClass = 'never' | 'after-delay' | 'after-user';

export interface ErrorEntry {
  /** Status of an answer that carries the code; null where only clients say it. */
  readonly status: number | null;
  /** Exit code of a command that ends with it (the table of `coffer help`). */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130;
  readonly retry: RetryClass;
  /** What happened and what to do, for people. Never a name, path, key or token. */
  readonly text: string;
}

// prettier-ignore
export const ERRORS = {
  // What was asked for.
  'usage': { status: null, exit: 2, retry: 'never', text: 'The command was not understood. See its --help.' },
  'confirmation-needed': { status: null, exit: 2, retry: 'after-user', text: 'This needs a confirmation. Answer yes, or give --yes.' },
  'malformed': { status: 400, exit: 1, retry: 'never', text: 'The request does not have the form that the server expects. The two may differ in version.' },
  'not-found': { status: 404, exit: 1, retry: 'never', text: 'There is nothing at this place.' },
  'exists': { status: null, exit: 1, retry: 'never', text: 'There is something at this place already.' },
  'not-a-folder': { status: null, exit: 1, retry: 'never', text: 'This is not a folder.' },
  'is-a-folder': { status: null, exit: 1, retry: 'never', text: 'This is a folder.' },
  'not-empty': { status: null, exit: 1, retry: 'never', text: 'The folder is not empty.' },
  'name-invalid': { status: null, exit: 1, retry: 'after-user', text: 'This name cannot be used. Choose another one.' },
  'too-large': { status: 413, exit: 1, retry: 'never', text: 'This is larger than what is accepted.' },
  'limit-reached': { status: 422, exit: 1, retry: 'after-user', text: 'A limit on the number of these is reached. Remove some that are not needed.' },
  'unsupported': { status: 501, exit: 1, retry: 'never', text: 'This is not available here.' },

  // Who asks.
  'not-signed-in': { status: 401, exit: 4, retry: 'after-user', text: 'Nobody is signed in here, or the session has ended. Sign in.' },
  'wrong-password': { status: 401, exit: 4, retry: 'after-user', text: 'The name or the password is wrong.' },
  'wrong-recovery-key': { status: 401, exit: 4, retry: 'after-user', text: 'The name or the recovery words are wrong.' },
  'second-factor-needed': { status: 401, exit: 4, retry: 'after-user', text: 'This account has a second factor. Give the six digits that the authenticator shows, or a backup code.' },
  'wrong-code': { status: 401, exit: 4, retry: 'after-user', text: 'The code is wrong, or was used before. Wait for the next one.' },
  'device-revoked': { status: 401, exit: 4, retry: 'after-user', text: 'This device was removed from the account. Its local files stay; what it had not sent yet was not taken. Log out, then sign in again to add it anew.' },
  'refused': { status: 403, exit: 4, retry: 'never', text: 'This is not allowed.' },
  'already-signed-in': { status: null, exit: 4, retry: 'after-user', text: 'An account is signed in here already. Log out first.' },
  'name-taken': { status: 409, exit: 1, retry: 'after-user', text: 'There is an account with this name already. Choose another name, or sign in.' },
  'rate-limited': { status: 429, exit: 4, retry: 'after-delay', text: 'There were too many tries. Wait, then try again.' },

  // What moved meanwhile.
  'head-moved': { status: 409, exit: 1, retry: 'after-delay', text: 'The space has changed meanwhile.' },
  'content-missing': { status: 409, exit: 1, retry: 'after-delay', text: 'The server does not have all of the content yet. It has to be uploaded again.' },
  'bundle-moved': { status: 409, exit: 1, retry: 'after-delay', text: 'The account was changed on another device meanwhile.' },
  'chain-moved': { status: 409, exit: 1, retry: 'after-delay', text: 'The devices of the account were changed meanwhile.' },
  'rule-broken': { status: 422, exit: 1, retry: 'never', text: 'The change breaks a rule of the space and was not made.' },
  'conflict': { status: null, exit: 3, retry: 'after-user', text: 'Both sides changed. Decide which one to keep.' },
  'needs-attention': { status: null, exit: 3, retry: 'after-user', text: 'Something waits for a decision. See status.' },
  'era-changed': { status: null, exit: 3, retry: 'after-user', text: 'The server was restored from a backup. Accept that, or ask its operator.' },

  // What it may cost.
  'quota-exceeded': { status: 413, exit: 5, retry: 'after-user', text: 'The storage is full. Remove something, or get more storage.' },

  // What failed on the way.
  'network': { status: null, exit: 6, retry: 'after-delay', text: 'The server cannot be reached. Check the connection.' },
  'unavailable': { status: 503, exit: 6, retry: 'after-delay', text: 'The server does not take requests at this moment.' },
  'internal': { status: 500, exit: 6, retry: 'after-delay', text: 'The server failed. Its log says why.' },
  'integrity': { status: null, exit: 7, retry: 'never', text: 'Data failed a check: the server or another member gave something that was not signed or sealed like this. Local files were left alone.' },
  'timeout': { status: 408, exit: 1, retry: 'after-delay', text: 'It was not done in the time that was given.' },
  'locked': { status: null, exit: 1, retry: 'after-delay', text: 'Another program works on this profile.' },
  'disk-full': { status: null, exit: 1, retry: 'after-user', text: 'The disk is full. Make room on it.' },
  'file-access': { status: null, exit: 1, retry: 'after-user', text: 'A local file cannot be read or written. Check its permissions.' },
  'file-changed': { status: null, exit: 1, retry: 'after-delay', text: 'A local file changed while it was read.' },
  'damaged-profile': { status: null, exit: 1, retry: 'after-user', text: 'The files of this profile are damaged. Sign in again in a new profile.' },
  'interrupted': { status: null, exit: 130, retry: 'after-user', text: 'It was interrupted.' },
  'failed': { status: null, exit: 1, retry: 'never', text: 'It failed.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** The codes that an answer of the server can carry. */
export type ServerErrorCode = {
  [C in ErrorCode]: (typeof ERRORS)[C]['status'] extends number ? C : never;
}[ErrorCode];

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

export function errorEntry(code: ErrorCode): ErrorEntry {
  return ERRORS[code];
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** `docs/errors.md`, whole. */
export function errorsAsMarkdown(): string {
  const rows = ERROR_CODES.map((code) => {
    const { status, exit, retry, text } = errorEntry(code);
    return `| \`${code}\` | ${status ?? ''} | ${exit} | ${retry} | ${text} |`;
  });
  return `# Errors

Generated from \`protocol/src/api/error-codes.ts\`; a test holds the two together. Codes are promises:
scripts read them, people read the text. A code without a status is only said by clients.

| code | HTTP status | exit code | retry | text |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
