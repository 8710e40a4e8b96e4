/** A control stream with a server node, whoever dialled it: what the engine's session runs on. */
import type { DataSource } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import type {
  AgentDataFrame,
  AgentFrame,
  ServerDataFrame,
  ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';

export interface ServerConnection {
  duplex: FrameDuplex<AgentFrame, ServerFrame>;
  data: DataSource<AgentDataFrame, ServerDataFrame>;
  /** Who the other end is, as TLS proved it: data connections must come from the same. */
  peer: string;
  /** The Welcome came: which node this is, and which others there are. */
  welcomed: (nodeId: string, nodes: readonly { nodeId: string; address: string }[]) => void;
}

/** How a session ended, as far as whoever dials must know: `stop` means that this agent is no longer wanted. */
export type ServedEnd = { kind: 'again'; detail: string } | { kind: 'stop'; detail: string };

/** Serves one session to its end. Never rejects. */
export type ServeServer = (connection: ServerConnection) => Promise<ServedEnd>;
