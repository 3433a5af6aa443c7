/** What reaches the terminal: results on standard output, everything else on standard error. */

export interface Streams {
  readonly stdout: {
    readonly write: (text: string | Uint8Array) => unknown;
    readonly isTTY?: boolean;
  };
  readonly stderr: { readonly write: (text: string) => unknown; readonly isTTY?: boolean };
  readonly input: InputStream;
}

/** Standard input of whoever called the command, which may be another process. */
export interface InputStream {
  readonly isTTY: boolean;
  readonly read: () => AsyncIterable<Uint8Array>;
  /** Asks on the terminal. Only where `isTTY`. Rejects with CliFailure `interrupted` at Ctrl-C. */
  readonly ask: (question: { prompt: string; hidden: boolean }) => Promise<string>;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** Of a terminal whose width nobody asked for. */
const PROGRESS_COLUMNS_MAX = 79;

export class Output {
  readonly options: OutputOptions;
  readonly #streams: Streams;
  /** Characters of the progress line that stands on the terminal. */
  #standing = 0;

  constructor(streams: Streams, options: OutputOptions) {
    this.#streams = streams;
    this.options = options;
  }

  get isTerminal(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** Whether a person sees how far a command is. */
  get showsProgress(): boolean {
    const { json, quiet } = this.options;
    return this.#streams.stderr.isTTY === true && !json && !quiet;
  }

  /** The line in place of the one before; '' takes it away, as whatever else is written does. */
  progress(line: string): void {
    if (!this.showsProgress || (line === '' && this.#standing === 0)) return;
    const shown = line.slice(0, PROGRESS_COLUMNS_MAX);
    const rest = ' '.repeat(Math.max(0, this.#standing - shown.length));
    this.#standing = shown.length;
    this.#streams.stderr.write(`\r${shown}${rest}${shown === '' ? '\r' : ''}`);
  }

  /** What the command reads: a person or a pipe. */
  get input(): InputStream {
    return this.#streams.input;
  }

  /** Bytes as they are, for `cat`. */
  bytes(chunk: Uint8Array): void {
    this.progress('');
    this.#streams.stdout.write(chunk);
  }

  /** One line of a stream: JSON with `--json`, else for people. */
  line(value: unknown, text: () => string): void {
    this.progress('');
    this.#streams.stdout.write(`${this.options.json ? JSON.stringify(value) : text()}\n`);
  }

  /** The result: the value as JSON with `--json`, else the lines. */
  result(value: unknown, lines: () => readonly string[]): void {
    this.progress('');
    if (this.options.json) this.#streams.stdout.write(`${JSON.stringify(value)}\n`);
    else for (const line of lines()) this.#streams.stdout.write(`${line}\n`);
  }

  /** A line for people only. */
  print(line: string): void {
    this.progress('');
    if (!this.options.json) this.#streams.stdout.write(`${line}\n`);
  }

  /** Progress and remarks; silent with `--quiet` and with `--json`. */
  note(line: string): void {
    this.progress('');
    if (!this.options.quiet && !this.options.json) this.#streams.stderr.write(`${line}\n`);
  }

  error(line: string): void {
    this.progress('');
    this.#streams.stderr.write(`${line}\n`);
  }

  /** A name as it may be shown: on a terminal, control and bidi characters are escaped. */
  name(text: string): string {
    return this.isTerminal ? escapeForTerminal(text) : text;
  }

  /** Columns aligned by padding; the last one is left as it is. */
  table(rows: readonly (readonly string[])[]): readonly string[] {
    const widths: number[] = [];
    for (const row of rows) {
      row.slice(0, -1).forEach((cell, i) => {
        widths[i] = Math.max(widths[i] ?? 0, cell.length);
      });
    }
    return rows.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

// Controls, and the characters that reorder or hide text (UAX #9, zero width).
const DECEIVING = /[\p{Cc}\p{Cf}]/gu;

export function escapeForTerminal(text: string): string {
  return text.replace(DECEIVING, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `1.4 MB`, in powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit] ?? 'B'}`;
}

export function formatTime(unixMs: number | null): string {
  return unixMs === null ? '-' : new Date(unixMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `1 file`, `2 files`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
