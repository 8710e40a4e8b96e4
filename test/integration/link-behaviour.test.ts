/** The link's behaviour suite over every transport. */
import { createIds, silentLogger, systemClock } from '@longshore/base';
import { DataJoin, type ServerDataJoin } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import {
  AgentFrame,
  ServerFrame,
  type AgentDataFrame,
  type ServerDataFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { memoryLine } from '@longshore/protocol/memory-duplex';
import { serveAgentSession } from '@longshore/server/links/agent-session';
import { SessionDirectory } from '@longshore/server/links/directory';

import { listening, polling } from './link-transports.ts';
import { linkBehaviour, type Transport } from './link-behaviour.ts';
import { AGENT_ID, NODE_ID } from './link-rig.ts';

const carryAgent = (frame: AgentFrame): AgentFrame => AgentFrame.decode(AgentFrame.encode(frame).finish());
const carryServer = (frame: ServerFrame): ServerFrame =>
  ServerFrame.decode(ServerFrame.encode(frame).finish());

async function inMemory(): Promise<Transport> {
  const join: ServerDataJoin = new DataJoin(systemClock);
  let refused = false;
  return {
    agentId: AGENT_ID,
    async connect(agent, inbox) {
      const line = memoryLine<AgentFrame, ServerFrame>({ carryLeft: carryAgent, carryRight: carryServer });
      const stop = new AbortController();
      let dataConnections = 0;
      const open = (): FrameDuplex<AgentDataFrame, ServerDataFrame> => {
        const data = memoryLine<AgentDataFrame, ServerDataFrame>();
        if (refused) data.cut();
        else {
          dataConnections += 1;
          join.offer({ duplex: data.right, peer: AGENT_ID });
        }
        return data.left;
      };
      const serverEnd = serveAgentSession({
        duplex: line.right,
        data: { kind: 'await', join },
        peer: { role: 'agent', id: AGENT_ID, keyFingerprint: 'f' },
        inbox,
        directory: new SessionDirectory(),
        nodeId: NODE_ID,
        issueCertificate: () => Promise.reject(new Error('none here')),
        clock: systemClock,
        logger: silentLogger,
        ids: createIds(),
      });
      const agentEnd = agent.engine.runSession(
        line.left,
        { kind: 'dial', open },
        { peer: NODE_ID, signal: stop.signal },
      );
      return {
        agentEnd,
        serverEnd,
        cut: () => line.cut(),
        stop: () => stop.abort(),
        dataConnections: () => dataConnections,
      };
    },
    refuseData: (refuse) => void (refused = refuse),
    close: () => Promise.resolve(),
  };
}

linkBehaviour('memory', inMemory);
linkBehaviour('polling', polling);
linkBehaviour('listening', listening);
