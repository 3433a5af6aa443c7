/** Error codes of the operating system as LocalFault codes. */
import { LocalFault, type LocalFaultCode } from '../ports/file-system.ts';

const FAULT_BY_ERRNO: Readonly<Record<string, LocalFaultCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  EACCES: 'denied',
  EPERM: 'denied',
  EBUSY: 'busy',
  ETXTBSY: 'busy',
  EAGAIN: 'busy',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
  ENAMETOOLONG: 'name-too-long',
  ENOTEMPTY: 'not-empty',
  ENOTDIR: 'not-a-folder',
  EISDIR: 'is-a-folder',
  EROFS: 'read-only',
  EMFILE: 'too-many-open',
  ENFILE: 'too-many-open',
  EXDEV: 'other-device',
  ENOSYS: 'unsupported',
  ENOTSUP: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  // A link where a file was expected: O_NOFOLLOW refuses it.
  ELOOP: 'unsupported',
  // A socket or a device without a driver behind it.
  ENXIO: 'unsupported',
  ENODEV: 'unsupported',
  // link(2) beyond the number of names that a file can have.
  EMLINK: 'unsupported',
  EINVAL: 'name-illegal',
  EILSEQ: 'name-illegal',
};

/**
 * The fault for what a call of node:fs threw. The error of Node is not kept as a cause: its message
 * and fields hold the path. Anything that is no error of the system is given back as it is.
 */
export function toFault(attempt: string, error: unknown): unknown {
  if (
    error instanceof LocalFault ||
    !(error instanceof Error) ||
    !('code' in error) ||
    typeof error.code !== 'string'
  ) {
    return error;
  }
  if (error instanceof TypeError) {
    // Node itself refuses a NUL in a path before it asks the system.
    return new LocalFault('name-illegal', `${attempt}: the name cannot be held`);
  }
  return new LocalFault(FAULT_BY_ERRNO[error.code] ?? 'io', `${attempt}: ${error.code}`);
}
