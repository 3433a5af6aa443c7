/** How far a command is: one line on the terminal, written anew, and gone when the command says something. */
import { count, formatBytes, type Output } from './output.ts';

/** What is done or to do. */
export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

const REWRITE_MS = 200;
/** Before this nothing is shown: most commands are over by then. */
const FIRST_MS = 500;

/** Shows lines at most 5 times a second; dispose of it before the result is printed. */
export class ProgressLine implements Disposable {
  readonly #output: Output;
  readonly #now: () => number;
  #nextMs: number;

  /** `now`: milliseconds of any clock. */
  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
    this.#nextMs = now() + FIRST_MS;
  }

  /** False where no line is ever shown: no terminal, `--json` or `--quiet`. */
  get isShown(): boolean {
    return this.#output.showsProgress;
  }

  show(line: (nowMs: number) => string): void {
    if (!this.isShown) return;
    const nowMs = this.#now();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + REWRITE_MS;
    this.#output.progress(line(nowMs));
  }

  [Symbol.dispose](): void {
    this.#output.progress('');
  }
}

/** Counts files and bytes of one command. */
export class AmountProgress implements Disposable {
  readonly #line: ProgressLine;
  readonly #startMs: number;
  readonly #verb: string;
  readonly #total: Amount;
  #files = 0;
  #bytes = 0;

  /** `verb` begins the line: "Sending". */
  constructor(
    output: Output,
    {
      now,
      verb,
      total,
    }: { readonly now: () => number; readonly verb: string; readonly total: Amount },
  ) {
    this.#line = new ProgressLine(output, now);
    this.#startMs = now();
    this.#verb = verb;
    this.#total = total;
  }

  moved(bytes: number): void {
    this.#bytes += bytes;
    this.#tell();
  }

  fileDone(): void {
    this.#files++;
    this.#tell();
  }

  /** The same source, counted while it is read. */
  counted<T extends Uint8Array>(
    source: Iterable<T> | AsyncIterable<T>,
  ): Iterable<T> | AsyncIterable<T> {
    return this.#line.isShown ? this.#counting(source) : source;
  }

  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }

  async *#counting<T extends Uint8Array>(
    source: Iterable<T> | AsyncIterable<T>,
  ): AsyncGenerator<T, void> {
    for await (const piece of source) {
      this.moved(piece.length);
      yield piece;
    }
    this.fileDone();
  }

  #tell(): void {
    const done = { files: this.#files, bytes: this.#bytes };
    this.#line.show((nowMs) =>
      amountLine(this.#verb, done, this.#total, (nowMs - this.#startMs) / 1000),
    );
  }
}

/** `Copying: 300 changes`, or `Fetching the history: 200 of 1200 commits`. */
export function editLine(
  verb: string,
  { step, done, total }: { step: 'history' | 'changes'; done: number; total: number | null },
): string {
  const noun = step === 'history' ? 'commit' : 'change';
  const of = total === null ? count(done, noun) : `${done} of ${count(total, noun)}`;
  return `${step === 'history' ? 'Fetching the history' : verb}: ${of}`;
}

/** `Sending: 3 of 12 files, 1.4 MB of 23 MB, 700 kB/s, 31 s left`. */
export function amountLine(verb: string, done: Amount, total: Amount, seconds: number): string {
  const perSecond = seconds > 0 ? done.bytes / seconds : 0;
  const left = total.bytes - done.bytes;
  const parts = [
    `${verb}: ${done.files} of ${total.files} file${total.files === 1 ? '' : 's'}`,
    `${formatBytes(done.bytes)} of ${formatBytes(Math.max(total.bytes, done.bytes))}`,
    ...(perSecond > 0 ? [`${formatBytes(Math.round(perSecond))}/s`] : []),
    ...(perSecond > 0 && left > 0 ? [`${formatSeconds(left / perSecond)} left`] : []),
  ];
  return parts.join(', ');
}

/** `31 s`, `4 min`, `2 h 10 min`. */
function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
