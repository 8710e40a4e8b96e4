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
import { memoryLine } from '@longshore/protocol/memory-duplex';
import type { SessionEnd } from '@longshore/protocol/session';
import type { AgentInbox, AgentSession } from '@longshore/server/app/ports/agents';
import { serveAgentSession } from '@longshore/server/links/agent-session';
import { SessionDirectory } from '@longshore/server/links/directory';

export interface EngineLink {
  /** The server's side of the newest session that is open. */
  readonly session: AgentSession | undefined;
  /** Dials once; resolves with how both ends saw the end of that session. */
  dial(engine: Engine): Promise<{ agent: SessionEnd; server: SessionEnd }>;
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
    async dial(engine) {
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
      const server = serveAgentSession({
        duplex: line.right,
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
      const agent = engine.runSession(
        line.left,
        { kind: 'dial', open },
        { peer: nodeId, signal: stopping.signal },
      );
      const [agentEnd, serverEnd] = await Promise.all([agent, server]);
      return { agent: agentEnd, server: serverEnd };
    },
    cut: () => cut(),
    stop: () => stopping.abort(),
  };
}
