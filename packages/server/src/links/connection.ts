/** A control stream that was authenticated, whoever dialled it: what a session is served on. */
import { toError } from '@longshore/base';
import type { DataSource } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import type {
  AgentDataFrame,
  AgentFrame,
  ServerDataFrame,
  ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { toStatus } from '@longshore/protocol/grpc-status';
import type { PeerIdentity } from '@longshore/protocol/identity';

export interface AgentConnection {
  duplex: FrameDuplex<ServerFrame, AgentFrame>;
  data: DataSource<ServerDataFrame, AgentDataFrame>;
  /** Verified by TLS, and held against the worker's row. */
  peer: PeerIdentity;
}

/** Serves one session to its end, and resolves then. Never rejects. */
export type ServeSession<End = unknown> = (connection: AgentConnection) => Promise<End>;

/** Ends a stream with what was thrown, in words that are ours. */
export function refuse(call: { emit(event: 'error', error: unknown): boolean }, thrown: unknown): void {
  const { code, details } = toStatus(thrown);
  call.emit('error', Object.assign(toError(thrown), { code, details }));
}
