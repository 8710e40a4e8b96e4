/**
 * How a process is started: the one shape of the two ways, the addon
 * (native-spawn.ts) and Node's own (node-spawn.ts).
 */
import type { UserFacts } from '../../machine/users.ts';

export interface StartRequest {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Folder of a v2 cgroup to start in; empty for none. */
  unifiedCgroup: string;
  /** Files of further (v1) cgroups that take the process. */
  cgroupFiles: readonly string[];
  /** Null: the host's own user. */
  user: UserFacts | null;
}

export interface StartHandler {
  /** False asks for no more until `resume`. The bytes are valid only during the call. */
  output(stream: 'stdout' | 'stderr', bytes: Buffer): boolean;
  /** Every holder has let go of the stream, and it is read to its end. */
  end(stream: 'stdout' | 'stderr'): void;
  /** The process has ended, and what stood in its pipes then has been read. A `signal` of 0 is none. */
  exit(code: number, signal: number): void;
}

export interface Started {
  pid: number;
  resume(): void;
  /** Reads what stands in the pipes, then lets go of them, whoever holds the other ends. */
  close(): void;
}

export type Start = (request: StartRequest, handler: StartHandler) => Started | Promise<Started>;
