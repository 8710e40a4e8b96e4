/**
 * Workers and pools as placement sees them: a cache with what only this node
 * knows, whether it reaches a worker. After a change that is announced what
 * changed is read anew: of thousands of workers that come back one after
 * another, one row each.
 */
import type { Clock } from '@longshore/base';

import type { LeaseRequest, Resource } from '../../domain/lease.ts';
import { assess, candidatesOf, type Assessment, type Candidate, type Reach } from '../../domain/placement.ts';
import type { WorkerPool } from '../../domain/pool.ts';
import type { Worker } from '../../domain/worker.ts';
import { RECONNECT_GRACE_MS, UNREACHABLE_NOTICE_MS } from '../../limits.ts';
import type { AgentSession } from '../ports/agents.ts';
import type { Tx } from '../ports/store.ts';
import { targetsByMachine } from './target-machines.ts';

/** The sessions of this node, as the inbox saw them open and close. */
export class Sessions {
  readonly #clock: Clock;
  readonly #open = new Map<string, AgentSession>();
  /** Being inventoried: each is to take the place of the one before it, whose end is its own from then on. */
  readonly #opening = new Map<string, AgentSession>();
  /** When a session ended, on the monotonic clock. */
  readonly #closedAt = new Map<string, number>();
  /** For how long nothing had been heard when it ended. */
  readonly #silentMs = new Map<string, number>();
  /** Agents that said that they take no new work: until they say otherwise, or come back without saying it. */
  readonly #draining = new Set<string>();
  /** Agents that an operator let in again after their identity was locked: their disk may have lost its memory. */
  readonly #doubted = new Set<string>();
  /** Agents that said that they are quarantined, and why: until they say otherwise. */
  readonly #quarantined = new Map<string, string>();
  readonly #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  get(agentId: string): AgentSession | undefined {
    return this.#open.get(agentId);
  }

  opened(session: AgentSession): void {
    this.#open.set(session.agentId, session);
    this.#opening.delete(session.agentId);
    this.#closedAt.delete(session.agentId);
    this.#silentMs.delete(session.agentId);
  }

  /** This new session of its agent is being opened: nothing goes out on the one before it any more. */
  opening(session: AgentSession): void {
    const { agentId } = session;
    this.#opening.set(agentId, session);
    if (this.#open.delete(agentId)) this.#closedAt.set(agentId, this.#clock.monotonic());
  }

  /** False when a newer session took its place. */
  closed(session: AgentSession, silentMs: number): boolean {
    const { agentId } = session;
    // One that ends while it is being opened has already taken the place of the one before it: nobody else tells of the end.
    if ((this.#opening.get(agentId) ?? this.#open.get(agentId)) !== session) return false;
    this.#opening.delete(agentId);
    this.#open.delete(agentId);
    this.#closedAt.set(agentId, this.#clock.monotonic());
    this.#silentMs.set(agentId, silentMs);
    return true;
  }

  setDraining(agentId: string, draining: boolean): void {
    if (draining) this.#draining.add(agentId);
    else this.#draining.delete(agentId);
  }

  setDoubted(agentId: string, doubted: boolean): void {
    if (doubted) this.#doubted.add(agentId);
    else this.#doubted.delete(agentId);
  }

  /** What it does not list may have run all the same. */
  isDoubted(agentId: string): boolean {
    return this.#doubted.has(agentId);
  }

  setQuarantined(agentId: string, reason: string): void {
    if (reason === '') this.#quarantined.delete(agentId);
    else this.#quarantined.set(agentId, reason);
  }

  /** As the agent said last; empty: it is not. */
  quarantineOf(agentId: string): string {
    return this.#quarantined.get(agentId) ?? '';
  }

  isDraining(agentId: string): boolean {
    return this.#draining.has(agentId);
  }

  /** How long there has been none, milliseconds: since the start of this node at most. */
  awayMs(agentId: string): number {
    return this.#clock.monotonic() - (this.#closedAt.get(agentId) ?? this.#startedAt);
  }

  /** How long nothing has been heard of an agent that has no session, milliseconds. */
  unheardMs(agentId: string): number {
    return this.awayMs(agentId) + (this.#silentMs.get(agentId) ?? 0);
  }

  /** It is about to come back, or given that time: this node has just started, or the session ended a moment ago. */
  isExpected(agentId: string): boolean {
    const patienceMs = this.#closedAt.has(agentId) ? UNREACHABLE_NOTICE_MS : RECONNECT_GRACE_MS;
    return this.#open.has(agentId) || this.unheardMs(agentId) < patienceMs;
  }
}

/** What a machine is as a deployment target: mostly one; several may share it. */
export interface RosterTarget {
  name: string;
  disabled: boolean;
}

export class SpaceRoster {
  readonly workers: ReadonlyMap<string, Worker>;
  readonly pools: ReadonlyMap<string, WorkerPool>;
  readonly #candidates: Candidate[];
  readonly #members = new Map<string, { builtIn: boolean; candidates: Candidate[]; ids: Set<string> }>();
  readonly #assessments = new Map<string, Assessment>();
  /** By machine. */
  readonly #targets: ReadonlyMap<string, readonly RosterTarget[]>;

  constructor(
    workers: Worker[],
    pools: WorkerPool[],
    reach: (workerId: string) => Reach,
    targets: ReadonlyMap<string, readonly RosterTarget[]> = new Map(),
  ) {
    this.#targets = targets;
    this.workers = new Map(workers.map((worker) => [worker.id, worker]));
    this.pools = new Map(pools.map((pool) => [pool.id, pool]));
    this.#candidates = workers.map((worker) => ({ worker, reach: reach(worker.id) }));
  }

  members(poolId: string): { builtIn: boolean; candidates: Candidate[]; ids: Set<string> } {
    let members = this.#members.get(poolId);
    if (members === undefined) {
      const pool = this.pools.get(poolId);
      const of =
        pool === undefined ? { builtIn: false, candidates: [] } : candidatesOf(pool, this.#candidates);
      members = { ...of, ids: new Set(of.candidates.map((candidate) => candidate.worker.id)) };
      this.#members.set(poolId, members);
    }
    return members;
  }

  /** Null: the machine is no deployment target any more. */
  targetOn(machineId: string): { name: string; disabled: boolean } | null {
    const targets = this.#targets.get(machineId) ?? [];
    if (targets.length === 0) return null;
    const name = targets.map((target) => target.name).join(' / ');
    return { name, disabled: targets.every(({ disabled }) => disabled) };
  }

  /** For people. */
  nameOf({ kind, id }: Resource): string {
    const target = kind === 'target' ? this.targetOn(id) : null;
    return target?.name ?? this.workers.get(id)?.name ?? id;
  }

  /** Who could take what this request wants: the same answer for the same wish until workers change. */
  assess(request: LeaseRequest): Assessment {
    const { wants, mode, tools, exclude } = request;
    const of =
      'anyOfPool' in wants ? wants.anyOfPool : wants.all.map(({ kind, id }) => `${kind} ${id}`).join(',');
    const key = `${of} ${mode} ${tools.join(',')} ${exclude.join(',')}`;
    let assessment = this.#assessments.get(key);
    if (assessment === undefined) {
      const candidates =
        'anyOfPool' in wants
          ? this.members(wants.anyOfPool).candidates
          : this.#candidates.filter(({ worker }) => wants.all.some((resource) => resource.id === worker.id));
      const asTarget = 'all' in wants && wants.all.some(({ kind }) => kind === 'target');
      assessment = assess(candidates, { tools, exclude, mode, asTarget });
      this.#assessments.set(key, assessment);
    }
    return assessment;
  }
}

/** What was read of a space. */
interface Rows {
  workers: Map<string, Worker>;
  pools: WorkerPool[];
  targets: ReadonlyMap<string, readonly RosterTarget[]>;
  /** Ids of workers that another live node has a session with. */
  elsewhere: Set<string>;
  otherNodes: ReadonlySet<string>;
}

/** Above so many changed workers all are read: one question, not one for each. */
const CHANGES_READ_ONE_BY_ONE = 100;

export class Roster {
  readonly #sessions: Sessions;
  readonly #nodeId: string;
  readonly #rows = new Map<string, Rows>();
  /** Workers whose rows are to be read anew, by space. */
  readonly #changed = new Map<string, Set<string>>();
  readonly #spaces = new Map<string, SpaceRoster>();
  /** Rises with each change: what was read across one is not kept. */
  #version = 0;

  constructor(sessions: Sessions, nodeId: string) {
    this.#sessions = sessions;
    this.#nodeId = nodeId;
  }

  /** Pools, targets or nodes changed, or it is not known what did. */
  discard(): void {
    this.#version += 1;
    this.#rows.clear();
    this.#changed.clear();
    this.#spaces.clear();
  }

  /** This worker, or the link to it, changed. */
  discardWorker(id: string): void {
    this.#version += 1;
    for (const [spaceId, { workers }] of this.#rows) {
      if (!workers.has(id)) continue;
      const changed = this.#changed.get(spaceId);
      if (changed === undefined) this.#changed.set(spaceId, new Set([id]));
      else changed.add(id);
      this.#spaces.delete(spaceId);
      return;
    }
    // A new one, or no worker at all.
    this.discard();
  }

  async load(tx: Tx, spaceId: string): Promise<SpaceRoster> {
    const known = this.#spaces.get(spaceId);
    if (known !== undefined) return known;
    const version = this.#version;
    const { workers, pools, targets, elsewhere } = await this.#read(tx, spaceId);
    const seen = [...workers.values()].map((worker) =>
      this.#sessions.isDraining(worker.id) ? { ...worker, draining: true } : worker,
    );
    const reach = (id: string): Reach => {
      if (this.#sessions.get(id) !== undefined) return 'here';
      if (elsewhere.has(id)) return 'elsewhere';
      return this.#sessions.awayMs(id) < RECONNECT_GRACE_MS ? 'reconnecting' : 'none';
    };
    const roster = new SpaceRoster(seen, pools, reach, targets);
    if (this.#version === version) this.#spaces.set(spaceId, roster);
    return roster;
  }

  /** What was last read, for display. */
  known(spaceId: string): SpaceRoster | undefined {
    return this.#spaces.get(spaceId);
  }

  async #read(tx: Tx, spaceId: string): Promise<Rows> {
    const version = this.#version;
    const known = this.#rows.get(spaceId);
    const changed = [...(this.#changed.get(spaceId) ?? [])];
    if (known !== undefined && changed.length === 0) return known;
    const few = known !== undefined && changed.length <= CHANGES_READ_ONE_BY_ONE;
    const rows = few
      ? await this.#readChanged(tx, spaceId, { known, changed })
      : await this.#readAll(tx, spaceId);
    if (this.#version === version) {
      this.#rows.set(spaceId, rows);
      this.#changed.delete(spaceId);
    }
    return rows;
  }

  async #readChanged(
    tx: Tx,
    spaceId: string,
    { known, changed }: { known: Rows; changed: readonly string[] },
  ): Promise<Rows> {
    const workers = new Map(known.workers);
    const elsewhere = new Set(known.elsewhere);
    for (const id of changed) {
      const worker = await tx.workers.get(spaceId, id);
      if (worker === undefined) workers.delete(id);
      else workers.set(id, worker);
      const nodes = await tx.nodes.sessionsWith(id);
      if (nodes.some((node) => known.otherNodes.has(node))) elsewhere.add(id);
      else elsewhere.delete(id);
    }
    return { ...known, workers, elsewhere };
  }

  async #readAll(tx: Tx, spaceId: string): Promise<Rows> {
    const workers = await tx.workers.list(spaceId);
    const pools = await tx.pools.list(spaceId);
    const nodes = await tx.nodes.list();
    const sessions = await tx.nodes.sessions();
    const otherNodes = new Set(nodes.map((node) => node.id).filter((id) => id !== this.#nodeId));
    const elsewhere = sessions.filter(({ nodeId }) => otherNodes.has(nodeId));
    return {
      workers: new Map(workers.map((worker) => [worker.id, worker])),
      pools,
      targets: await rosterTargets(tx, spaceId),
      elsewhere: new Set(elsewhere.map(({ workerId }) => workerId)),
      otherNodes,
    };
  }
}

async function rosterTargets(tx: Tx, spaceId: string): Promise<Map<string, RosterTarget[]>> {
  const found = [...(await targetsByMachine(tx, spaceId))].map(
    ([machine, targets]) =>
      [machine, targets.map(({ name, body }) => ({ name, disabled: body.disabled }))] as const,
  );
  return new Map(found);
}
