/** A version of the agent for one kind of machine. */
export interface AgentPackage {
  spaceId: string;
  id: string;
  version: string;
  /** As Node names them: `linux`, `x64`. */
  os: string;
  arch: string;
  minNode: string;
  /** SHA-256 of the whole package, hex. */
  digest: string;
  /** Bytes. */
  length: number;
  createdAt: number;
  createdBy: string;
}

export interface PackageRepository {
  /** With its bytes. @throws AppError `conflict` when there is one of that version for that kind of machine */
  insert(agentPackage: AgentPackage, bytes: Uint8Array): Promise<void>;
  get(spaceId: string, id: string): Promise<AgentPackage | undefined>;
  /** Newest first. */
  list(spaceId: string): Promise<AgentPackage[]>;
  /** With its bytes, where no other has the same. */
  delete(agentPackage: AgentPackage): Promise<void>;
  /** Some bytes from an offset on; undefined where there are none. */
  piece(digest: string, offset: number): Promise<Uint8Array | undefined>;
}

/** What an upload says of itself, once all of it was found right. */
export interface ReadPackage {
  version: string;
  os: string;
  arch: string;
  minNode: string;
  digest: string;
  bytes: Uint8Array;
}

/** @throws AppError `tooLarge`, or `corrupt` where it is no agent package, or damaged */
export type PackageReader = (upload: AsyncIterable<Uint8Array>) => Promise<ReadPackage>;
