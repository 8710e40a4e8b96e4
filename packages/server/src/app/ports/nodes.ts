/** A server node's row. `beat` rises; another node judges it dead when (epoch, beat) stands still for the TTL on its own monotonic clock. */
export interface ServerNode {
  id: string;
  /** Rises at each start of this node. */
  epoch: number;
  beat: number;
  /** host:port that agents dial. */
  agentAddress: string;
  version: string;
  draining: boolean;
  startedAt: number;
}

export interface NodeRepository {
  /** Registers a start of this node: its epoch is one more than any before. */
  start(node: Omit<ServerNode, 'epoch' | 'beat'>): Promise<ServerNode>;
  /** False when a newer epoch of this node has started, or others took it for dead: this process must stop. */
  beat(id: string, epoch: number): Promise<boolean>;
  list(): Promise<ServerNode[]>;
  setDraining(id: string, epoch: number, draining: boolean): Promise<void>;
  remove(id: string, epoch: number): Promise<void>;
  /** Which node holds a session with a worker: rows of this epoch only count while the node lives. */
  sessionOpened(nodeId: string, workerId: string): Promise<void>;
  sessionClosed(nodeId: string, workerId: string): Promise<void>;
  sessions(): Promise<{ nodeId: string; workerId: string }[]>;
  /** Ids of the nodes that have one with it. */
  sessionsWith(workerId: string): Promise<string[]>;
  forgetSessions(nodeId: string): Promise<void>;
}
