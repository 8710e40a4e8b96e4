/**
 * A Start is sent twice, and the link breaks at a random frame of either side,
 * again and again: a real agent engine and a real core, joined in memory, so
 * that the numbers are large. Each script is started exactly once. An agent
 * that has lost its memory meanwhile never runs one again.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, jest, test } from '@jest/globals';

import { createIds, silentLogger, systemClock } from '@longshore/base';
import { DataJoin, type ServerDataJoin } from '@longshore/protocol/data-join';
import {
  AgentFrame,
  ServerFrame,
  type AgentDataFrame,
  type ServerDataFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { memoryLine } from '@longshore/protocol/memory-duplex';
import { serveAgentSession } from '@longshore/server/links/agent-session';
import { SessionDirectory } from '@longshore/server/links/directory';

import { Agent } from '../integration/link-rig.ts';
import { openCoreStage, SCRIPT, SPACE, type StageNode } from '../support/core-stage.ts';
import { faultNumbers, schedule, type Schedule } from '../support/faults.ts';
import { DIALECTS, type Dialect } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(600_000);

const { starts } = faultNumbers({ short: { starts: 60 }, full: { starts: 1_000 } });
const FRAMES_TO_CUT_WITHIN = 7;

describe.each(DIALECTS)('each script runs once (%s)', (dialect) => {
  test(`${starts} Starts, each sent twice, on links that break at random frames`, async () => {
    await using rig = await Rig.open(dialect);
    const random = schedule(`start once, ${dialect}`);
    for (let n = 0; n < starts; n++) await oneStart(rig, random);
    const started = rig.agent.host.started;
    expect([started.length, new Set(started).size]).toEqual([starts, starts]);
    expect(await rig.node.core.leases.held(SPACE)).toEqual([]);
    await until('the agent has nothing left', () => rig.agent.engine.attempts().length === 0);
    process.stderr.write(
      `${dialect}: ${starts} Starts over ${rig.dials} links, ${rig.repeats} sent again by hand\n`,
    );
  });

  test.each<[string, (rig: Rig) => (() => void) | void]>([
    ['its data store was wiped', (rig) => rig.wipeStore()],
    ['its machine was rebooted', (rig) => void (rig.agent.bootId = 'another boot')],
    ['its script host is gone, and with it what it ran', (rig) => rig.loseHost()],
  ])('an agent that lost its memory (%s): interrupted, never run again', async (_what, lose) => {
    await using rig = await Rig.open(dialect);
    rig.agent.host.onStart = () => undefined;
    // One that runs, and one whose Start it never saw.
    const running = await rig.submit();
    await until('it runs', () => rig.agent.host.started.length === 1);
    rig.dialNoMore();
    rig.cutAtStart();
    const unseen = await rig.submit();
    await until('the link has broken', () => rig.session === undefined);
    await rig.agent.engine.close();
    const tell = lose(rig);
    await rig.agent.start();
    tell?.();
    rig.dialOnAndOn();
    for (const id of [running, unseen]) {
      const ended = async (): Promise<boolean> => (await rig.node.core.tasks.get(SPACE, id)).endedAt !== null;
      await until(`task ${id} has ended`, ended, { timeoutMs: 8_000 });
      expect((await rig.node.core.tasks.get(SPACE, id)).state).toBe('failed');
      const outcomes = (await rig.node.core.tasks.attempts(SPACE, id)).map(({ outcome }) => outcome?.kind);
      expect(outcomes).toEqual(['interrupted']);
    }
    expect(rig.agent.host.started).toHaveLength(1);
    expect(await rig.node.core.leases.held(SPACE)).toEqual([]);
  });
});

async function oneStart(rig: Rig, random: Schedule): Promise<void> {
  await until('there is a link', () => rig.session !== undefined);
  rig.cutAt(random.between(1, FRAMES_TO_CUT_WITHIN), random.pick(['toAgent', 'toServer']));
  const id = await rig.submit();
  const again = random.between(0, 3);
  if (again > 0) {
    await until('it was sent', async () => (await rig.node.core.tasks.attempts(SPACE, id)).length > 0);
    for (let n = 0; n < again; n++) await rig.sendAgain(id);
  }
  expect((await rig.node.core.tasks.ended(SPACE, id)).state).toBe('success');
  expect(await rig.node.core.tasks.attempts(SPACE, id)).toHaveLength(1);
  // Once more, when the agent may have forgotten all but that it was done.
  await rig.sendAgain(id);
}

type Way = 'toAgent' | 'toServer';

class Rig implements AsyncDisposable {
  readonly agent: Agent;
  readonly node: StageNode;
  dials = 0;
  repeats = 0;
  readonly #close: () => Promise<void>;
  readonly #agentId: string;
  readonly #poolId: string;
  readonly #directory = new SessionDirectory();
  #cut: () => void = () => undefined;
  #left: Record<Way, number> = { toAgent: Infinity, toServer: Infinity };
  #atStart = false;
  #dialling: { again: boolean; abort: AbortController } | undefined;
  #dialled: Promise<void> = Promise.resolve();

  private constructor(parts: {
    agent: Agent;
    node: StageNode;
    agentId: string;
    poolId: string;
    close: () => Promise<void>;
  }) {
    this.agent = parts.agent;
    this.node = parts.node;
    this.#agentId = parts.agentId;
    this.#poolId = parts.poolId;
    this.#close = parts.close;
  }

  static async open(dialect: Dialect): Promise<Rig> {
    const stage = await openCoreStage(dialect);
    const node = await stage.node('node-1');
    const poolId = await node.addPool();
    const { id: agentId } = await node.addWorker(poolId);
    const agent = new Agent(agentId);
    agent.host.onStart = (attemptId) =>
      setImmediate(() => {
        agent.host.write(attemptId, Buffer.from(`output of ${attemptId}\n`));
        agent.host.tell(attemptId);
        setImmediate(() => agent.host.end(attemptId, { kind: 'exited', code: 0 }));
      });
    await agent.start();
    const rig = new Rig({ agent, node, agentId, poolId, close: () => stage.close() });
    rig.dialOnAndOn();
    await until('it is connected', () => rig.session !== undefined);
    return rig;
  }

  get session() {
    return this.#directory.session(this.#agentId);
  }

  async submit(): Promise<string> {
    return this.node.submit({ kind: 'pool', poolId: this.#poolId });
  }

  /** The Start of a task's attempt, as the server would send it again. */
  async sendAgain(taskId: string): Promise<void> {
    const [attempt] = await this.node.core.tasks.attempts(SPACE, taskId);
    if (attempt === undefined || this.session === undefined) return;
    this.repeats += 1;
    this.session.start({ attemptId: attempt.id, taskId, fence: attempt.fence, spec: SCRIPT });
  }

  /** The link breaks instead of the frame so many from now. */
  cutAt(frame: number, way: Way): void {
    this.#left = { toAgent: Infinity, toServer: Infinity, [way]: frame };
  }

  /** Before the next Start arrives; whatever else passes, a ping say. */
  cutAtStart(): void {
    this.#atStart = true;
  }

  dialOnAndOn(): void {
    const dialling = { again: true, abort: new AbortController() };
    this.#dialling = dialling;
    const before = this.#dialled;
    this.#dialled = (async () => {
      await before;
      while (dialling.again && !dialling.abort.signal.aborted) {
        await this.#session(dialling.abort.signal);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
  }

  /** The link that there is may end, and is the last. */
  dialNoMore(): void {
    if (this.#dialling !== undefined) this.#dialling.again = false;
  }

  stopDialling(): void {
    this.#dialling?.abort.abort();
  }

  /** All but its tickets: without those it would be taken for a copy, and locked. */
  wipeStore(): void {
    const { dataDir } = this.agent;
    for (const name of readdirSync(dataDir))
      if (!name.includes('ticket')) rmSync(join(dataDir, name), { recursive: true });
  }

  /** @returns tells the agent, once it runs, that it is proven dead */
  loseHost(): () => void {
    const { host } = this.agent;
    const before = host.hostId;
    host.gone(before);
    host.hostId = 'another host';
    return () => host.gone(before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopDialling();
    await this.#dialled;
    await this.agent.remove();
    await this.#close();
  }

  async #session(signal: AbortSignal): Promise<void> {
    this.dials += 1;
    const join: ServerDataJoin = new DataJoin(systemClock);
    const line = memoryLine<AgentFrame, ServerFrame>({
      carryLeft: (frame) => AgentFrame.decode(AgentFrame.encode(frame).finish()),
      carryRight: (frame) => ServerFrame.decode(ServerFrame.encode(frame).finish()),
      arriving: (from, frame) =>
        this.#passes(from === 'left' ? 'toServer' : 'toAgent', frame.kind?.$case === 'start'),
    });
    this.#cut = () => line.cut();
    const open = () => {
      const data = memoryLine<AgentDataFrame, ServerDataFrame>();
      join.offer({ duplex: data.right, peer: this.#agentId });
      return data.left;
    };
    const served = serveAgentSession({
      duplex: line.right,
      data: { kind: 'await', join },
      peer: { role: 'agent', id: this.#agentId, keyFingerprint: 'f' },
      inbox: this.node.core.inbox,
      directory: this.#directory,
      nodeId: 'node-1',
      issueCertificate: () => Promise.reject(new Error('none here')),
      clock: systemClock,
      logger: silentLogger,
      ids: createIds(),
    });
    const ran = this.agent.engine.runSession(line.left, { kind: 'dial', open }, { peer: 'node-1', signal });
    await Promise.all([served, ran]);
  }

  /** Before each frame arrives: on a line that is cut it does not. */
  #passes(way: Way, isStart: boolean): void {
    this.#left[way] -= 1;
    if (this.#left[way] > 0 && !(isStart && this.#atStart)) return;
    this.#left = { toAgent: Infinity, toServer: Infinity };
    this.#atStart = false;
    this.#cut();
  }
}
