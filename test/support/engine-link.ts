/** A real agent engine joined to a real core by an in-memory line: sessions of any number of server nodes with one agent. */
import { createIds, silentLogger, systemClock } from '@longshore/base';
import type { Engine } from '@longshore/agent/engine/engine';
import { DataJoin, type ServerDataJoin } from '@longshore/protocol/data-join';
import {
  AgentFrame,
  ServerFrame,
  type AgentDataFrame,
  type ServerDataFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import type { DuplexEnd, FrameDuplex } from '@longshore/protocol/duplex';
import { memoryLine } from '@longshore/protocol/memory-duplex';
import type { SessionEnd } from '@longshore/protocol/session';
import type { AgentInbox, AgentSession } from '@longshore/server/app/ports/agents';
import { serveAgentSession } from '@longshore/server/links/agent-session';
import { SessionDirectory } from '@longshore/server/links/directory';

export interface EngineLink {
  /** The server's side of the newest session that is open. */
  readonly session: AgentSession | undefined;
  /**
   * Dials once; resolves with how both ends saw the end of that session.
   *
   * @param arrives when the server gets all that the agent has said by then, in one go
   */
  dial(engine: Engine, arrives?: Promise<void>): Promise<{ agent: SessionEnd; server: SessionEnd }>;
  /** Both ends see an error. */
  cut(): void;
  stop(): void;
}

/** @param inbox of the server node's core */
export function engineLink(
  inbox: AgentInbox,
  { nodeId, agentId, keyFingerprint = 'f' }: { nodeId: string; agentId: string; keyFingerprint?: string },
): EngineLink {
  const directory = new SessionDirectory();
  const stopping = new AbortController();
  let cut = (): void => undefined;
  return {
    get session() {
      return directory.session(agentId);
    },
    async dial(engine, arrives) {
      const join: ServerDataJoin = new DataJoin(systemClock);
      const line = memoryLine<AgentFrame, ServerFrame>({
        carryLeft: (frame) => AgentFrame.decode(AgentFrame.encode(frame).finish()),
        carryRight: (frame) => ServerFrame.decode(ServerFrame.encode(frame).finish()),
      });
      cut = () => line.cut();
      const open = () => {
        const data = memoryLine<AgentDataFrame, ServerDataFrame>();
        join.offer({ duplex: data.right, peer: agentId });
        return data.left;
      };
      const agent = engine.runSession(
        line.left,
        { kind: 'dial', open },
        { peer: nodeId, signal: stopping.signal },
      );
      const right = arrives === undefined ? line.right : readLate(line.right);
      await arrives;
      const server = serveAgentSession({
        duplex: right,
        data: { kind: 'await', join },
        peer: { role: 'agent', id: agentId, keyFingerprint },
        inbox,
        directory,
        nodeId,
        issueCertificate: () => Promise.reject(new Error('none here')),
        clock: systemClock,
        logger: silentLogger,
        ids: createIds(),
      });
      const [agentEnd, serverEnd] = await Promise.all([agent, server]);
      return { agent: agentEnd, server: serverEnd };
    },
    cut: () => cut(),
    stop: () => stopping.abort(),
  };
}

/** What comes is kept, its end too, until somebody receives: as in a socket that is read late. */
function readLate<Out, In>(duplex: FrameDuplex<Out, In>): FrameDuplex<Out, In> {
  const { promise: closed, resolve } = Promise.withResolvers<DuplexEnd>();
  const kept: In[] = [];
  duplex.receive((frame) => kept.push(frame));
  return {
    closed,
    get writable() {
      return duplex.writable;
    },
    send: (frame) => duplex.send(frame),
    close: (reason) => duplex.close(reason),
    receive(listener) {
      for (const frame of kept) listener(frame);
      duplex.receive(listener);
      void duplex.closed.then((end) => setImmediate(resolve, end));
    },
  };
}
