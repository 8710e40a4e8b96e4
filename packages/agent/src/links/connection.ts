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
  /** Which server node the other end is, as its certificate says. */
  nodeId: string;
  signal: AbortSignal;
  /** Which nodes there are: told with Welcome, and whenever that changes. */
  nodes: (nodes: readonly { nodeId: string; address: string }[]) => void;
}

/**
 * How a session ended, as far as whoever dials must know: `stop` means that
 * this agent is no longer wanted; the node may be `restarting` when it said
 * goodbye because it stops.
 */
export type ServedEnd =
  { kind: 'again'; detail: string; restarting?: boolean } | { kind: 'stop'; detail: string };

/** Serves one session to its end, or to the abort of `signal`, after which it says goodbye. Never rejects. */
export type ServeServer = (connection: ServerConnection) => Promise<ServedEnd>;
