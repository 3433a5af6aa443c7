/**
 * The conversation of a command with the daemon that runs it: frames of a kind, a length and bytes, in
 * both directions of one HTTP request.
 */
import { Defect } from '@coffer/protocol/core';

export const FRAME = {
  // From the command line.
  hello: 1,
  input: 2,
  inputEnd: 3,
  abort: 4,
  answer: 5,
  // From the daemon.
  stdout: 10,
  stderr: 11,
  exit: 12,
  ask: 13,
  wantInput: 14,
} as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

const HEADER_BYTES = 5;
/** Frames are small; what claims to be larger is no frame. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export function encodeFrame(kind: FrameKind, body: Uint8Array | string = ''): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + bytes.length);
  frame.writeUInt8(kind, 0);
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

/** Puts frames together from whatever pieces the transport gives. */
export class FrameReader {
  readonly #onFrame: (kind: number, body: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: (kind: number, body: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= HEADER_BYTES) {
      const length = this.#rest.readUInt32BE(1);
      if (length > FRAME_BYTES_MAX) throw new Defect('a frame is too large');
      if (this.#rest.length < HEADER_BYTES + length) return;
      const kind = this.#rest.readUInt8(0);
      const body = this.#rest.subarray(HEADER_BYTES, HEADER_BYTES + length);
      this.#rest = this.#rest.subarray(HEADER_BYTES + length);
      this.#onFrame(kind, body);
    }
  }
}

/** What a command brings along. */
export interface Hello {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Only what commands read: `COFFER_…` and `NO_COLOR`. */
  readonly env: Readonly<Record<string, string>>;
  readonly terminal: {
    readonly input: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  };
}

export function encodeHello(hello: Hello): Buffer {
  return encodeFrame(FRAME.hello, JSON.stringify(hello));
}

/** Both sides are of one version and the sender has the profile's token: the shape is taken as it is. */
export function decodeHello(body: Buffer): Hello {
  return JSON.parse(body.toString('utf8')) as Hello;
}

export interface Question {
  readonly prompt: string;
  /** What is typed is not shown. */
  readonly hidden: boolean;
}
