/**
 * Commits changes of a space (protocol §4): as many commits as they need, each built on the newest
 * verified head and built anew when another writer was faster.
 */
import {
  COMMIT_BODY_SIZE_BYTES_MAX,
  COMMIT_CHANGES_MAX,
  Defect,
  FormatError,
  IntegrityError,
  NO_PARENT,
  type Bytes,
  type CommitId,
  type NodeId,
} from '@coffer/protocol/core';
import {
  createCommit,
  sealNotes,
  type CommitNote,
  type CreatedCommit,
} from '@coffer/protocol/model/open';
import { recordTypeAt, type StateView } from '@coffer/protocol/model';
import type { ApprovedHold, ChangeOutcome, NodeView, SpaceChange } from '../space-changes.ts';
import { CommitDraft, RotationUnfinished } from './commit-draft.ts';
import type { CommitJob } from './commit-job.ts';
import { ContentSealer } from './content-sealer.ts';
import { applyChange, pruneTrash, type Applied } from './node-changes.ts';
import type { NodeReader } from './node-reader.ts';
import type { OpenSpace } from './open-space.ts';
import { ownMemberRecord } from './own-member.ts';
import { renewSpaceKeys } from './renew-keys.ts';
import { PageSender } from './page-sender.ts';
import { pauseAfterRace } from './race-pause.ts';
import { settleMissing, settleOverQuota, settleRefused } from './refused-changes.ts';
import type { ApplyHooks } from './verified-space.ts';

export interface SpaceWriterOptions {
  readonly space: OpenSpace;
  readonly reader: NodeReader;
  readonly root: NodeId;
  readonly trash: NodeId;
  readonly viewOf: (id: NodeId) => NodeView | null;
  /** Told before a commit of ours is applied: nodes as they are in the state after it. */
  readonly written: (views: ReadonlyMap<NodeId, NodeView>) => void;
  /** How many changes go into one commit at most; the protocol's own limit holds besides. */
  readonly changesPerCommitMax?: number | undefined;
}

/** Room that pruning, pins and CBOR heads find in every commit. */
const SPARE_CHANGES = 64;
const SPARE_BYTES = 256 * 1024;
const NOT_ALLOWED: ChangeOutcome & { readonly kind: 'not-allowed' } = { kind: 'not-allowed' };

/** The trash is looked through so often at most, and never for its own sake. */
const PRUNE_EVERY_MS = 60 * 60 * 1000;
const PRUNED_RECORDS_MAX = 1000;

/** A commit that is ready to be sent, with the changes that it makes. */
interface Batch {
  readonly commit: CommitDraft;
  readonly made: readonly number[];
  readonly created: CreatedCommit;
  /** By the server's clock, when the trash was looked through for this commit. */
  readonly prunedAt: number | undefined;
}

interface Attempt {
  readonly contents: ContentSealer;
  readonly pages: PageSender;
  /** How many changes go into one commit at most; halved when the server refuses one for its rules. */
  changesMax: number;
  lostRaces: number;
}

export class SpaceWriter {
  readonly #options: SpaceWriterOptions;
  readonly #changesMax: number;
  #prunedAt = 0;

  constructor(options: SpaceWriterOptions) {
    this.#options = options;
    this.#changesMax = options.changesPerCommitMax ?? COMMIT_CHANGES_MAX;
  }

  async commit(job: CommitJob, signal: AbortSignal, hooks: ApplyHooks): Promise<void> {
    const { suite, api, space } = this.#options.space.options;
    const attempt: Attempt = {
      contents: new ContentSealer(suite, space),
      pages: new PageSender(suite, api.content),
      changesMax: this.#changesMax,
      lostRaces: 0,
    };
    while (job.pending().length > 0) {
      const left = job.pending().length;
      await renewSpaceKeys(this.#options.space, signal, hooks);
      const batch = await this.#build(job, attempt, signal);
      if (batch !== undefined) await this.#send(batch, job, attempt, signal, hooks);
      else if (job.pending().length === left) throw new Defect('a commit makes no progress');
    }
  }

  /** The next commit of `job`; undefined when what was looked at needs none. */
  async #build(job: CommitJob, attempt: Attempt, signal: AbortSignal): Promise<Batch | undefined> {
    const { suite, secrets, clock, chains } = this.#options.space.options;
    const { verified } = this.#options.space;
    const records = this.#options.space.records();
    if (records.member.role === 'viewer') return refuseAll(job);
    const serverTime = await verified.serverTime(signal);
    const member = await ownMemberRecord(chains, secrets, records.member, signal);
    const { head } = verified;
    if (head === undefined) throw new Defect('a commit is built on a head');
    const context = {
      suite,
      author: secrets,
      space: records.space,
      root: this.#options.root,
      trash: this.#options.trash,
      headSeq: head.seq,
      time: clock.now(),
      serverTime,
    };
    const commit = new CommitDraft(context, verified.view, this.#options.reader);
    const made = this.#fill(commit, job, attempt, head.id);
    if (made === undefined) return undefined;
    if (commit.draft.changes().length === 0) {
      for (const index of made) this.#settleDone(job, index);
      return undefined;
    }
    if (member !== records.member) commit.draft.put(member);
    const prunedAt = this.#prune(commit);
    const created = createCommit({
      suite,
      view: verified.view,
      head,
      space: verified.id,
      changes: commit.draft.changes(),
      author: secrets,
      time: context.time,
      note: this.#noteOf(job, made, head.seq + 1),
    });
    return { commit, made, created, prunedAt };
  }

  /** Tells other devices which approved hold the deletions of this commit belong to. */
  #noteOf(job: CommitJob, made: readonly number[], seq: number): Bytes | null {
    const holds = new Map<string, ApprovedHold>();
    for (const index of made) {
      const hold = holdOf(job.changeAt(index));
      if (hold !== undefined) holds.set(hold.batch, hold);
    }
    if (holds.size === 0) return null;
    const { suite, secrets } = this.#options.space.options;
    const place = { space: this.#options.space.verified.id, ...secrets, seq };
    const notes = [...holds.values()].map(({ batch, nodes }): CommitNote => ({
      kind: 'approved-hold',
      batch,
      nodes,
    }));
    return sealNotes(suite, this.#options.space.keys(), place, notes);
  }

  /** When the trash was looked through; undefined when that is not due. */
  #prune(commit: CommitDraft): number | undefined {
    const { serverTime } = commit.context;
    const room = COMMIT_CHANGES_MAX - SPARE_CHANGES - commit.draft.changeCount;
    if (serverTime < this.#prunedAt + PRUNE_EVERY_MS || room < PRUNED_RECORDS_MAX) {
      return undefined;
    }
    pruneTrash(commit, PRUNED_RECORDS_MAX);
    return serverTime;
  }

  /** Makes changes until the commit is full. Undefined when names clash: the clashing are settled. */
  #fill(
    commit: CommitDraft,
    job: CommitJob,
    attempt: Attempt,
    head: CommitId,
  ): readonly number[] | undefined {
    const made: number[] = [];
    for (const index of job.pending()) {
      if (made.length >= attempt.changesMax) break;
      if (!mayShareCommit(job, made, index)) continue;
      const why = job.staleness(job.changeAt(index), this.#options.space.verified.view, head);
      if (why !== undefined) {
        job.settle(index, { kind: 'stale', why });
        continue;
      }
      const applied = this.#apply(commit, job, index, attempt);
      if (applied === 'full') break;
      if (applied.kind === 'unfinished') break;
      if (applied.kind === 'done') made.push(index);
      else job.settle(index, applied);
    }
    const clashing = new Set(commit.draft.clashes());
    if (clashing.size === 0) return made;
    const refused = made.filter((index) => clashing.has(job.changeAt(index).id));
    if (refused.length === 0) throw new Defect('names clash that no change gave');
    for (const index of refused) job.settle(index, { kind: 'stale', why: 'name-taken' });
    return undefined;
  }

  #apply(
    commit: CommitDraft,
    job: CommitJob,
    index: number,
    { contents }: Attempt,
  ): Applied | 'full' {
    const change = job.changeAt(index);
    const { draft } = commit;
    const mark = draft.mark();
    const before = draft.changeCount;
    try {
      const applied = applyChange(
        {
          commit,
          contents,
          removalsMax: Math.min(COMMIT_CHANGES_MAX - SPARE_CHANGES, this.#changesMax) - before,
          isOwnRevision: (id, rev) =>
            job.isOwnRevision(id, rev) || draft.nodeBefore(id)?.rev === rev,
        },
        change,
      );
      if (!isTooLarge(commit)) return applied;
    } catch (error) {
      if (error instanceof RotationUnfinished && !isTooLarge(commit)) return 'full';
      draft.rollback(mark);
      // What no record may hold, or a node that does not open, is refused alone: the others go on.
      if (error instanceof IntegrityError || error instanceof FormatError) return NOT_ALLOWED;
      if (!(error instanceof RotationUnfinished)) throw error;
    }
    draft.rollback(mark);
    if (before === 0) throw new Defect('one change does not fit into a commit');
    return 'full';
  }

  async #send(
    batch: Batch,
    job: CommitJob,
    attempt: Attempt,
    signal: AbortSignal,
    hooks: ApplyHooks,
  ): Promise<void> {
    const changes = batch.made.map((index) => job.changeAt(index));
    await attempt.pages.send(attempt.contents.pagesOf(changes), signal);
    const answer = await this.#options.space.options.api.propose(batch.created.commit, signal);
    // A lost race pruned nothing. A refusal counts: what is pruned may be its reason.
    if (answer.kind !== 'head-moved') this.#prunedAt = batch.prunedAt ?? this.#prunedAt;
    switch (answer.kind) {
      case 'accepted':
        if (answer.id !== batch.created.id) {
          throw new IntegrityError('malformed', 'the server accepted another commit than ours');
        }
        attempt.lostRaces = 0;
        attempt.changesMax = this.#changesMax;
        this.#accept(batch, job, hooks);
        return;
      case 'head-moved':
        // The first one that is lost says little: the other writer is done.
        if (attempt.lostRaces++ > 0) await pauseAfterRace(this.#options.space.options, signal);
        await this.#catchUp(job, signal, hooks);
        return;
      case 'content-missing':
        settleMissing(batch.made, job, attempt.pages, answer.ids);
        return;
      case 'quota-exceeded':
        settleOverQuota(batch.made, job);
        return;
      case 'rule-broken':
        settleRefused(batch.made, job, attempt, answer.rule);
        return;
    }
  }

  #accept(batch: Batch, job: CommitJob, hooks: ApplyHooks): void {
    const { created, commit, made } = batch;
    this.#options.reader.adopt(commit.reader);
    const views = new Map<NodeId, NodeView>();
    for (const index of made) {
      const { id } = job.changeAt(index);
      const node = commit.node(id);
      if (node === undefined) continue;
      job.noteRevision(id, commit.draft.nodeBefore(id)?.rev ?? node.rev);
      views.set(id, commit.viewOf(node));
    }
    this.#options.written(views);
    const before = this.#options.space.verified.head?.id;
    this.#options.space.verified.applyOwn(created, created.commit, hooks);
    job.noteCommitted(created.change, before, created.id);
    for (const index of made) {
      job.settle(index, { kind: 'done', node: views.get(job.changeAt(index).id) ?? null });
    }
  }

  #settleDone(job: CommitJob, index: number): void {
    job.settle(index, { kind: 'done', node: this.#options.viewOf(job.changeAt(index).id) });
  }

  /**
   * Brings what other writers committed. A folder in which they put or changed something is not what
   * the caller wanted to throw away: its deletion goes back to be planned anew.
   */
  async #catchUp(job: CommitJob, signal: AbortSignal, hooks: ApplyHooks): Promise<void> {
    const { verified } = this.#options.space;
    const touched = new Set<NodeId>();
    await verified.pull(signal, {
      ...hooks,
      during: (commit) => {
        for (const [key, record] of commit.change.records) {
          if (record !== null && recordTypeAt(key) === 'node') touched.add(key.slice(32) as NodeId);
        }
        hooks.during(commit);
      },
    });
    const above = new Set<NodeId>();
    for (const id of touched)
      for (const folder of foldersAbove(verified.view, id)) above.add(folder);
    for (const index of job.pending()) {
      const { op, id } = job.changeAt(index);
      if (op === 'trash' && above.has(id))
        job.settle(index, { kind: 'stale', why: 'node-changed' });
    }
  }
}

/** The folders that a node stands in, from the nearest up; a root has none. */
function* foldersAbove(view: StateView, node: NodeId): Generator<NodeId> {
  for (let at: NodeId | undefined = node; at !== undefined;) {
    const key = view.findNode(at);
    const parent = key?.slice(0, 32) as NodeId | undefined;
    if (parent === undefined || parent === NO_PARENT) return;
    yield parent;
    at = parent;
  }
}

function refuseAll(job: CommitJob): undefined {
  for (const index of job.pending()) job.settle(index, { kind: 'not-allowed' });
}

function holdOf(change: SpaceChange): ApprovedHold | undefined {
  return change.op === 'trash' ? change.hold : undefined;
}

/** A note speaks for all deletions of its commit: approved ones and others go into different ones. */
function mayShareCommit(job: CommitJob, made: readonly number[], index: number): boolean {
  const change = job.changeAt(index);
  if (change.op !== 'trash') return true;
  const other = made.find((i) => job.changeAt(i).op === 'trash');
  return other === undefined || holdOf(job.changeAt(other))?.batch === change.hold?.batch;
}

function isTooLarge({ draft }: CommitDraft): boolean {
  return (
    draft.changeCount > COMMIT_CHANGES_MAX - SPARE_CHANGES ||
    draft.sizeBytes > COMMIT_BODY_SIZE_BYTES_MAX - SPARE_BYTES
  );
}
