/**
 * Where attempts' output is kept: the spool's very bytes at the spool's
 * offsets (record format: protocol `spool-record.ts`), and artifacts.
 */
export interface LogStore {
  /**
   * Appends whole records at `offset`, which must be at or before the stored length: what is there already is
   * dropped. Bytes can be read (and followers hear of them) at once; the result resolves with the length when it
   * is durable.
   *
   * @throws AppError `conflict` when `offset` leaves a gap, with `detail.length`
   */
  append(attemptId: string, offset: number, records: Uint8Array): Promise<number>;
  /** `bytes` from `offset` on can't be fetched any more: stands in the log as a record of its own kind. */
  appendMissing(attemptId: string, offset: number, bytes: number): Promise<number>;
  /** Bytes that can be read now. */
  length(attemptId: string): Promise<number>;
  /** Whole records from `offset` (a record boundary) on, at most about `limit` bytes but at least one record. */
  read(attemptId: string, offset: number, limit: number): Promise<Buffer>;
  /** Hears each growth of one attempt's log; returns what ends it. */
  follow(attemptId: string, grown: (length: number) => void): () => void;
  /** At a start: cuts a torn tail off; returns the length, a record boundary. */
  recover(attemptId: string): Promise<number>;
  /** Cuts the log off at `length`, a record boundary: what follows was not what its digest says. */
  truncate(attemptId: string, length: number): Promise<void>;
  delete(attemptId: string): Promise<void>;

  /** Artifacts, by chunk at an offset; `finish` verifies length and SHA-256 (hex) and makes it durable. */
  putArtifact(artifactId: string, offset: number, content: Uint8Array): Promise<number>;
  finishArtifact(artifactId: string, digest: string): Promise<number>;
  readArtifact(artifactId: string): AsyncIterable<Buffer>;
  close(): Promise<void>;
}
