/** Numbers about the server at work, in the text format of Prometheus. Labels hold no id and no name. */

type Labels = Readonly<Record<string, string | number>>;

abstract class Family {
  readonly name: string;
  readonly #help: string;
  readonly #type: 'counter' | 'gauge' | 'histogram';

  constructor(name: string, help: string, type: 'counter' | 'gauge' | 'histogram') {
    this.name = name;
    this.#help = help;
    this.#type = type;
  }

  abstract samples(): Iterable<string>;

  *lines(): Generator<string, void, void> {
    yield `# HELP ${this.name} ${this.#help}`;
    yield `# TYPE ${this.name} ${this.#type}`;
    yield* this.samples();
  }
}

class Counter extends Family {
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    super(name, help, 'counter');
  }

  add(by: number, labels: Labels = {}): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  *samples(): Generator<string, void, void> {
    for (const [labels, value] of this.#values) yield `${this.name}${labels} ${value}`;
  }
}

class Gauge extends Family {
  readonly #read: () => number;
  constructor(name: string, help: string, read: () => number) {
    super(name, help, 'gauge');
    this.#read = read;
  }

  *samples(): Generator<string, void, void> {
    yield `${this.name} ${this.#read()}`;
  }
}

interface Observed {
  readonly counts: number[];
  sum: number;
  count: number;
}

class Histogram extends Family {
  readonly #bounds: readonly number[];
  readonly #observed = new Map<string, { readonly labels: Labels; readonly values: Observed }>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    super(name, help, 'histogram');
    this.#bounds = bounds;
  }

  observe(value: number, labels: Labels): void {
    const key = labelText(labels);
    const found = this.#observed.get(key) ?? {
      labels,
      values: { counts: this.#bounds.map(() => 0), sum: 0, count: 0 },
    };
    this.#observed.set(key, found);
    const { values } = found;
    for (const [i, bound] of this.#bounds.entries()) {
      if (value <= bound) values.counts[i] = (values.counts[i] ?? 0) + 1;
    }
    values.sum += value;
    values.count++;
  }

  *samples(): Generator<string, void, void> {
    for (const { labels, values } of this.#observed.values()) {
      for (const [i, bound] of this.#bounds.entries()) {
        const text = labelText({ ...labels, le: bound });
        yield `${this.name}_bucket${text} ${values.counts[i] ?? 0}`;
      }
      yield `${this.name}_bucket${labelText({ ...labels, le: '+Inf' })} ${values.count}`;
      yield `${this.name}_sum${labelText(labels)} ${values.sum}`;
      yield `${this.name}_count${labelText(labels)} ${values.count}`;
    }
  }
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** What the server counts. Costs a few map look-ups a request, and nothing where nobody asks. */
export class Metrics {
  eventStreams = 0;
  readonly #requests = new Counter('coffer_requests_total', 'Requests by call and status.');
  readonly #seconds = new Histogram(
    'coffer_request_seconds',
    'Time from the end of the head of a request to its answer.',
    SECONDS,
  );
  readonly #received = new Counter('coffer_received_bytes_total', 'Bytes of request bodies.');
  readonly #jobs = new Counter('coffer_job_runs_total', 'Runs of jobs, by how they ended.');
  readonly #jobSums = new Counter('coffer_job_done_total', 'What jobs did, by job and kind.');
  readonly #families: Family[] = [
    this.#requests,
    this.#seconds,
    this.#received,
    this.#jobs,
    this.#jobSums,
    new Gauge('coffer_event_streams', 'Event streams that are open.', () => this.eventStreams),
  ];

  /** `call`: undefined where the path names none. */
  countRequest(call: string | undefined, status: number, ms: number): void {
    const labels = { call: call ?? 'none' };
    this.#requests.add(1, { ...labels, status });
    this.#seconds.observe(ms / 1000, labels);
  }

  countReceived(bytes: number): void {
    if (bytes > 0) this.#received.add(bytes);
  }

  countJob(job: string, summary: Readonly<Record<string, number>> | undefined): void {
    this.#jobs.add(1, { job, outcome: summary === undefined ? 'failed' : 'finished' });
    for (const [kind, value] of Object.entries(summary ?? {})) {
      this.#jobSums.add(value, { job, kind });
    }
  }

  /** A number that is read when somebody asks. */
  addGauge(name: string, help: string, read: () => number): void {
    this.#families.push(new Gauge(name, help, read));
  }

  render(): string {
    return `${this.#families.flatMap((family) => [...family.lines()]).join('\n')}\n`;
  }
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
