/**
 * One agent's engine and one server's core in this process, with a line
 * between them whose data connection is damaged on purpose: below TLS, where
 * a flipped byte arrives. What the agent's host would write is written by the
 * test.
 */
import { createIds, silentLogger, systemClock } from '@longshore/base';
import { DataJoin, type ServerDataJoin } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import {
  AgentDataFrame,
  AgentFrame,
  ServerFrame,
  type ServerDataFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { memoryLine, type MemoryLine } from '@longshore/protocol/memory-duplex';
import { serveAgentSession } from '@longshore/server/links/agent-session';
import { SessionDirectory } from '@longshore/server/links/directory';

import { Agent, NODE_ID } from '../integration/link-rig.ts';
import { openCoreStage, SPACE, type CoreStage, type StageNode } from './core-stage.ts';
import type { Dialect } from './store.ts';
import { until } from './until.ts';

/** What becomes of a frame on the data connection. */
export type Damage = (frame: AgentDataFrame) => 'none' | 'changed' | 'cut';

export class DamageRig implements AsyncDisposable {
  readonly node: StageNode;
  readonly agent: Agent;
  /** By default nothing is damaged. */
  damage: Damage = () => 'none';
  /** Output bytes that went by data connections, those that were sent again included. */
  carriedBytes = 0;
  dataConnections = 0;
  readonly #stage: CoreStage;
  readonly #poolId: string;
  readonly #stop = new AbortController();
  #over: Promise<unknown> = Promise.resolve();

  private constructor(parts: { stage: CoreStage; node: StageNode; agent: Agent; poolId: string }) {
    this.#stage = parts.stage;
    this.node = parts.node;
    this.agent = parts.agent;
    this.#poolId = parts.poolId;
  }

  static async open(dialect: Dialect): Promise<DamageRig> {
    const stage = await openCoreStage(dialect);
    const node = await stage.node(NODE_ID);
    const poolId = await node.addPool();
    const worker = await node.addWorker(poolId);
    const agent = new Agent(worker.id);
    await agent.start();
    const rig = new DamageRig({ stage, node, agent, poolId });
    rig.#connect(worker.id);
    await until('the session is open', () =>
      agent.engine.connectedNodes().some(({ nodeId }) => nodeId === NODE_ID),
    );
    return rig;
  }

  /** Submits a script; resolves with its attempt when the host was told to start it. */
  async started(): Promise<{ taskId: string; attemptId: string }> {
    const { host } = this.agent;
    const before = host.started.length;
    const taskId = await this.node.submit({ kind: 'pool', poolId: this.#poolId });
    const attemptId = await until('its host has the attempt', () => host.started[before]);
    return { taskId, attemptId };
  }

  async stored(attemptId: string): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let at = 0; ;) {
      const part = await this.node.logs.read(attemptId, at, 1024 * 1024);
      if (part.length === 0) return Buffer.concat(parts);
      parts.push(Buffer.from(part));
      at += part.length;
    }
  }

  /** The words of the task's log. */
  async words(taskId: string): Promise<string[]> {
    return (await this.node.core.tasks.log(SPACE, taskId, 0, 1000)).map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#over;
    await this.agent.remove();
    await this.#stage.close();
  }

  #connect(agentId: string): void {
    const join: ServerDataJoin = new DataJoin(systemClock);
    const line = memoryLine<AgentFrame, ServerFrame>({
      carryLeft: (frame) => AgentFrame.decode(AgentFrame.encode(frame).finish()),
      carryRight: (frame) => ServerFrame.decode(ServerFrame.encode(frame).finish()),
    });
    const served = serveAgentSession({
      duplex: line.right,
      data: { kind: 'await', join },
      peer: { role: 'agent', id: agentId, keyFingerprint: 'f' },
      inbox: this.node.core.inbox,
      directory: new SessionDirectory(),
      nodeId: NODE_ID,
      issueCertificate: () => Promise.reject(new Error('none here')),
      clock: systemClock,
      logger: silentLogger,
      ids: createIds(),
    });
    const open = (): FrameDuplex<AgentDataFrame, ServerDataFrame> => {
      const data = this.#dataLine();
      this.dataConnections += 1;
      join.offer({ duplex: data.right, peer: agentId });
      return data.left;
    };
    const ran = this.agent.engine.runSession(
      line.left,
      { kind: 'dial', open },
      { peer: NODE_ID, signal: this.#stop.signal },
    );
    this.#over = Promise.all([served, ran]);
  }

  #dataLine(): MemoryLine<AgentDataFrame, ServerDataFrame> {
    const line: MemoryLine<AgentDataFrame, ServerDataFrame> = memoryLine({
      carryLeft: (sent) => {
        const frame = AgentDataFrame.decode(AgentDataFrame.encode(sent).finish());
        if (frame.kind?.$case === 'output') this.carriedBytes += frame.kind.value.records.length;
        if (this.damage(frame) === 'cut') line.cut();
        return frame;
      },
    });
    return line;
  }
}
