/**
 * Where attempts' output is kept: the spool's very bytes at the spool's
 * offsets (record format: protocol `spool-record.ts`), and artifacts.
 */

/** An append under way. */
export interface Appending {
  /** Whether the bytes can be read now (followers have heard of them): false when storing failed, as `durable` says. */
  readable: Promise<boolean>;
  /**
   * The length when it is durable.
   *
   * @throws AppError `conflict` when the offset leaves a gap, with `detail.length`; StorageOut when the disk is
   *   full, or the database away; `unavailable` when the disk refuses otherwise
   */
  durable: Promise<number>;
}

export interface LogStore {
  /** Appends whole records at `offset`, at or before the stored length: what is there already is dropped. */
  append(attemptId: string, offset: number, records: Uint8Array): Appending;
  /** `bytes` from `offset` on can't be fetched any more: stands in the log as a record of its own kind. */
  appendMissing(attemptId: string, offset: number, bytes: number): Appending;
  /** Bytes that can be read now. */
  length(attemptId: string): Promise<number>;
  /**
   * Whole records from `offset` (a record boundary) on, at most about `limit` bytes but at least one record; those
   * before a damaged one.
   *
   * @throws AppError `corrupt` when what stands at `offset` is no record, or not what its check sum says
   */
  read(attemptId: string, offset: number, limit: number): Promise<Buffer>;
  /** The stored bytes as they are, damaged or not; zeros where none are. */
  readRaw(attemptId: string, range: { from: number; to: number }): Promise<Buffer>;
  /** Puts whole records in the place of damaged ones, exactly as long; durable when it resolves. Followers hear of it. */
  rewrite(attemptId: string, offset: number, records: Uint8Array): Promise<void>;
  /** Hears each growth of one attempt's log; returns what ends it. */
  follow(attemptId: string, grown: (length: number) => void): () => void;
  /**
   * At a start: cuts a torn tail off, but nothing before `verified`; resolves with the length, a record boundary, when
   * all up to there is durable.
   */
  recover(attemptId: string, verified?: number): Promise<number>;
  /** Cuts the log off at `length`, a record boundary: what follows was not what its digest says. */
  truncate(attemptId: string, length: number): Promise<void>;
  delete(attemptId: string): Promise<void>;

  /** Artifacts, by chunk at an offset; `finish` verifies length and SHA-256 (hex) and makes it durable. */
  putArtifact(artifactId: string, offset: number, content: Uint8Array): Promise<number>;
  finishArtifact(artifactId: string, digest: string): Promise<number>;
  readArtifact(artifactId: string): AsyncIterable<Buffer>;
  /** Why it takes nothing, in the last seconds; empty: it does. */
  readonly out: string;
  close(): Promise<void>;
}
