/**
 * An agent of a random schedule: its machine (processes), its disk, its script
 * host and its link process, each of which may die by itself. Every decision
 * is the product's own: `decideStart`, `reconcile`, `judge`, fences, tombstones.
 */
import { isStale, type Fence } from '@longshore/agent/domain/fence';
import { reconcile } from '@longshore/agent/domain/reconcile';
import { judge } from '@longshore/agent/domain/recovery';
import { decideStart } from '@longshore/agent/domain/start';
import { Tombstones } from '@longshore/agent/domain/tombstones';
import type { Incarnation } from '@longshore/server/domain/incarnation';

import type { AgentOutcome, PhaseName, Summary, ToAgent, ToServer, Verdict } from './frames.ts';
import { Line } from './line.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { World } from './world.ts';

/** What stands on the disk of one attempt; its outcome too, once there is one. */
interface Workspace {
  attemptId: string;
  action: string;
  fence: Fence;
  handedTo: string;
  bootId: string;
  phase: PhaseName;
  cancelRequested: boolean;
  outcome: AgentOutcome | null;
}

interface Process {
  attemptId: string;
  hostId: string;
  /** What it will end with, if nothing ends it before. */
  code: number;
  over: boolean;
}

type AgentLine = Line<ToServer, ToAgent>;

interface Session {
  line: AgentLine;
  node: SimulatedNode;
  state: 'greeting' | 'reconciling' | 'working' | 'over';
  openedAt: number;
  /** Attempts whose reports go to this node. */
  followed: Set<string>;
}

/** What happens on the machine, seen by somebody who can see everything. */
export interface Witness {
  obeyed(agent: SimulatedAgent, attemptId: string, fence: Fence): void;
  started(agent: SimulatedAgent, attemptId: string, action: string): void;
  ended(agent: SimulatedAgent, attemptId: string, how: { code: number } | 'killed'): void;
}

/** Hello to the inventory's reply. */
const HANDSHAKE_MS = 15_000;
const RECONNECT_MS = [250, 3000] as const;

export class SimulatedAgent {
  readonly id: string;
  readonly #world: World;
  readonly #witness: Witness;
  readonly #nodes: readonly SimulatedNode[];
  readonly processes = new Map<string, Process>();
  #workspaces = new Map<string, Workspace>();
  #tombstones = new Tombstones();
  #incarnations = 1;
  #storeId = 'store-1';
  #bootId = 'boot-1';
  #hostId = 'host-1';
  #hostUp = true;
  /** Attempts that the host has taken, and hosts that are known to be gone with all of theirs. */
  #taken = new Set<string>();
  #gone = new Map<string, boolean>();
  #linkUp = true;
  /** Which life of the link this is: what an earlier one had begun does not go on. */
  #life = 0;
  readonly #sessions = new Map<SimulatedNode, Session>();
  draining = false;

  constructor(
    id: string,
    world: World,
    { nodes, witness }: { nodes: readonly SimulatedNode[]; witness: Witness },
  ) {
    this.id = id;
    this.#world = world;
    this.#nodes = nodes;
    this.#witness = witness;
  }

  get incarnation(): Incarnation {
    return { storeId: this.#storeId, bootId: this.#bootId, hostId: this.#hostId };
  }

  get attempts(): readonly Workspace[] {
    return [...this.#workspaces.values()];
  }

  get lines(): readonly AgentLine[] {
    return [...this.#sessions.values()].map((session) => session.line);
  }

  connectAll(): void {
    for (const node of this.#nodes) this.#connect(node);
  }

  /** `kill -9` of the link process; it is started again. */
  linkDies(downMs: number): void {
    if (!this.#linkUp) return;
    this.#world.tell(`${this.id}: link dies`);
    this.#linkUp = false;
    this.#life++;
    for (const session of this.#sessions.values()) {
      session.state = 'over';
      session.line.cut();
    }
    this.#sessions.clear();
    this.#world.after(downMs, () => this.#linkStarts());
  }

  /** `kill -9` of the script host. What belonged to it is ended by the link, when there is one, and only then judged. */
  hostDies(): void {
    if (!this.#hostUp) return;
    this.#world.tell(`${this.id}: host ${this.#hostId} dies`);
    this.#hostUp = false;
    if (this.#linkUp) this.#cleanUpAfterHost();
  }

  /** The machine goes down and comes back: no process is left, the disk is. */
  reboots(): void {
    this.#world.tell(`${this.id}: reboots`);
    this.#endProcesses();
    this.linkDies(this.#world.between(500, 5000));
    this.#bootId = `boot-${++this.#incarnations}`;
    this.#newHost();
  }

  /** The data directory is lost with all that it says; nothing of it runs any more. */
  losesItsMemory(): void {
    this.#world.tell(`${this.id}: loses its memory`);
    this.#endProcesses();
    this.#workspaces = new Map();
    this.#tombstones = new Tombstones();
    this.linkDies(this.#world.between(100, 2000));
    this.#storeId = `store-${++this.#incarnations}`;
    this.#newHost();
  }

  /** A node has said nothing for the dead time: the session with it ends here, if it stood all the while. */
  hearsNothingOf({ node, since }: { node: SimulatedNode; since: number }): void {
    const session = this.#sessions.get(node);
    if (node.state === 'stopped' && session !== undefined && session.openedAt <= since)
      session.line.endBy('agent');
  }

  #newHost(): void {
    this.#hostId = `host-${++this.#incarnations}`;
    this.#hostUp = true;
    this.#taken = new Set();
  }

  #endProcesses(): void {
    for (const process of this.processes.values()) this.#processEnds(process, 'killed');
  }

  #cleanUpAfterHost(): void {
    const life = this.#life;
    const dead = this.#hostId;
    // It takes a moment to end and to see gone what was left.
    this.#world.after(this.#world.between(0, 500), () => {
      if (this.#life !== life || this.#hostId !== dead) return;
      this.#endProcesses();
      this.#gone.set(dead, true);
      this.#newHost();
      this.#judgeAll();
    });
  }

  #linkStarts(): void {
    if (this.#linkUp) return;
    this.#world.tell(`${this.id}: link is back`);
    this.#linkUp = true;
    this.#gone = new Map();
    if (this.#hostUp) this.#judgeAll();
    else this.#cleanUpAfterHost();
    this.connectAll();
  }

  #judgeAll(): void {
    const connected = new Map(this.#hostUp ? [[this.#hostId, this.#taken]] : []);
    for (const found of this.#workspaces.values()) {
      if (found.outcome !== null) continue;
      const judged = judge(
        found.attemptId,
        { ...found, begun: () => this.processes.has(found.attemptId) },
        {
          bootId: this.#bootId,
          connected,
          gone: this.#gone,
          known: () => true,
          foreign: new Set(),
        },
      );
      if (judged.kind === 'interrupted') this.#attemptEnds(found, judged);
      else if (judged.kind === 'neverTaken') this.#neverTaken(found);
    }
  }

  #connect(node: SimulatedNode): void {
    if (!this.#linkUp) return;
    const before = this.#sessions.get(node);
    if (before !== undefined) {
      before.state = 'over';
      before.line.endBy('agent');
    }
    const life = this.#life;
    const again = (): void =>
      this.#world.after(this.#world.between(...RECONNECT_MS), () => {
        if (this.#life === life && this.#sessions.get(node) === session) this.#connect(node);
      });
    const session: Session = {
      node,
      state: 'greeting',
      openedAt: this.#world.now,
      followed: new Set(),
      line: new Line<ToServer, ToAgent>(this.#world, {
        server: node.accept(this.id, () => session.line),
        agent: {
          take: (frame) => this.#take(session, frame),
          closed: () => {
            if (session.state === 'over') return;
            session.state = 'over';
            again();
          },
        },
      }),
    };
    this.#sessions.set(node, session);
    node.opened(session.line);
    session.line.toServer({ kind: 'hello', incarnation: this.incarnation });
    this.#world.after(HANDSHAKE_MS, () => {
      if (session.state !== 'working') session.line.endBy('agent');
    });
  }

  #take(session: Session, frame: ToAgent): void {
    if (session.state === 'over' || !this.#linkUp) return;
    if (frame.kind === 'welcome') {
      session.state = 'reconciling';
      session.line.toServer({ kind: 'inventory', attempts: [...this.#workspaces.values()].map(summaryOf) });
    } else if (frame.kind === 'verdicts') {
      session.state = 'working';
      for (const verdict of frame.verdicts) this.#verdict(session, verdict);
    } else if (session.state === 'working') this.#command(session, frame);
  }

  #verdict(session: Session, { attemptId, kind }: Verdict): void {
    const found = this.#workspaces.get(attemptId);
    if (found === undefined) {
      // It is not here and now never will be.
      if (kind === 'cancel') this.#tombstones.add(attemptId, this.#world.now);
      return;
    }
    const verdict =
      kind === 'keep'
        ? ({ kind, fromOffset: 0, fromEvent: 0, artifactOffsets: [] } as const)
        : ({ kind } as const);
    const action = reconcile(verdict, {
      ended: found.outcome !== null,
      ackedOffset: 0,
      ackedEvent: 0,
      outputLength: 0,
      eventCount: 0,
    });
    if (action.kind === 'feed') {
      this.#follow(session, found);
      if (action.cancel) this.#cancel(found);
    } else if (action.kind === 'release') this.#forget(found);
  }

  #command(
    session: Session,
    frame: Extract<ToAgent, { kind: 'start' | 'adopt' | 'cancel' | 'release' }>,
  ): void {
    if (frame.kind === 'start') {
      this.#start(session, frame);
      return;
    }
    const { attemptId, fence } = frame;
    const found = this.#workspaces.get(attemptId);
    if (found === undefined) {
      if (frame.kind !== 'adopt') this.#tombstones.add(attemptId, this.#world.now);
      if (frame.kind === 'cancel') session.line.toServer(refusal(attemptId, 'deniedBefore'));
      return;
    }
    if (isStale(fence, found.fence)) {
      session.line.toServer({ kind: 'commandRefused', attemptId });
      return;
    }
    found.fence = fence;
    this.#witness.obeyed(this, attemptId, fence);
    if (frame.kind === 'adopt') this.#follow(session, found);
    else if (frame.kind === 'cancel') this.#cancel(found);
    else if (found.outcome !== null) this.#forget(found);
  }

  #start(session: Session, { attemptId, action, fence }: Extract<ToAgent, { kind: 'start' }>): void {
    const known = this.#workspaces.get(attemptId);
    const decision = decideStart(fence, {
      known: known?.fence ?? null,
      tombstone: this.#tombstones.has(attemptId),
      draining: this.draining,
      quarantined: '',
      tooMany: '',
      freeBytes: 1,
      floorBytes: 0,
      missingTool: '',
      invalid: '',
    });
    if (decision.kind === 'stale') session.line.toServer({ kind: 'commandRefused', attemptId });
    else if (decision.kind === 'refuse') {
      this.#tombstones.add(attemptId, this.#world.now);
      session.line.toServer(refusal(attemptId, decision.reason));
    } else if (decision.kind === 'repeat' && known !== undefined) {
      known.fence = fence;
      this.#witness.obeyed(this, attemptId, fence);
      this.#follow(session, known);
      if (this.#taken.has(attemptId)) session.line.toServer({ kind: 'accepted', attemptId });
    } else this.#begin(session, { attemptId, action, fence });
  }

  #begin(
    session: Session,
    { attemptId, action, fence }: { attemptId: string; action: string; fence: Fence },
  ): void {
    const workspace: Workspace = {
      attemptId,
      action,
      fence,
      handedTo: this.#hostId,
      bootId: this.#bootId,
      phase: 'accepted',
      cancelRequested: false,
      outcome: null,
    };
    this.#workspaces.set(attemptId, workspace);
    this.#witness.obeyed(this, attemptId, fence);
    this.#follow(session, workspace);
    // The link may die between writing the workspace and handing it over; what it wrote to the socket arrives.
    const life = this.#life;
    const hostId = this.#hostId;
    this.#world.after(this.#world.between(0, 2), () => {
      if (this.#life !== life || this.#hostId !== hostId || !this.#hostUp || workspace.outcome !== null)
        return;
      this.#taken.add(attemptId);
      this.#report(workspace, { kind: 'accepted', attemptId });
      this.#run(workspace);
    });
  }

  #run(workspace: Workspace): void {
    const { attemptId, action } = workspace;
    const code = this.#world.chance(0.8) ? 0 : this.#world.between(1, 255);
    const process: Process = { attemptId, hostId: this.#hostId, code, over: false };
    if (workspace.cancelRequested) {
      this.#attemptEnds(workspace, { kind: 'cancelled' });
      return;
    }
    this.processes.set(attemptId, process);
    this.#witness.started(this, attemptId, action);
    workspace.phase = 'running';
    this.#report(workspace, { kind: 'phase', attemptId, phase: 'running' });
    this.#world.after(this.#world.between(1, 30_000), () => {
      // A host that is gone writes no outcome; its process ends all the same.
      if (!process.over) this.#processEnds(process, { code });
    });
  }

  /** The link died before it had handed it over: it is not listed, and so is sent again. */
  #neverTaken({ attemptId }: Workspace): void {
    this.#workspaces.delete(attemptId);
  }

  #processEnds(process: Process, how: { code: number } | 'killed'): void {
    if (process.over) return;
    process.over = true;
    this.processes.delete(process.attemptId);
    this.#witness.ended(this, process.attemptId, how);
    const workspace = this.#workspaces.get(process.attemptId);
    if (how === 'killed' || workspace === undefined || !this.#hostUp || process.hostId !== this.#hostId)
      return;
    this.#attemptEnds(workspace, { kind: 'exited', code: how.code });
  }

  #attemptEnds(workspace: Workspace, outcome: AgentOutcome): void {
    if (workspace.outcome !== null) return;
    workspace.outcome = outcome;
    workspace.phase = 'ended';
    this.#report(workspace, { kind: 'outcome', attemptId: workspace.attemptId, outcome });
  }

  #cancel(workspace: Workspace): void {
    workspace.cancelRequested = true;
    const process = this.processes.get(workspace.attemptId);
    if (process === undefined || !this.#hostUp) return;
    this.#world.after(this.#world.between(0, 10_000), () => {
      if (process.over || !this.#hostUp || process.hostId !== this.#hostId) return;
      this.#processEnds(process, 'killed');
      this.#attemptEnds(workspace, { kind: 'cancelled' });
    });
  }

  #follow(session: Session, workspace: Workspace): void {
    session.followed.add(workspace.attemptId);
    const { attemptId, outcome } = workspace;
    if (outcome !== null && this.#linkUp) session.line.toServer({ kind: 'outcome', attemptId, outcome });
  }

  #report(workspace: Workspace, frame: ToServer): void {
    if (!this.#linkUp) return;
    for (const session of this.#sessions.values())
      if (session.state === 'working' && session.followed.has(workspace.attemptId))
        session.line.toServer(frame);
  }

  #forget({ attemptId }: Workspace): void {
    this.#tombstones.add(attemptId, this.#world.now);
    this.#workspaces.delete(attemptId);
    this.#taken.delete(attemptId);
  }
}

function summaryOf({ attemptId, fence, phase, outcome }: Workspace): Summary {
  return { attemptId, fence, phase, outcome };
}

function refusal(
  attemptId: string,
  reason: Extract<ReturnType<typeof decideStart>, { kind: 'refuse' }>['reason'],
): ToServer {
  return { kind: 'refused', attemptId, outcome: { kind: 'refused', reason, detail: '' } };
}
