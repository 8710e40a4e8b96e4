import type { Attempt } from '../../domain/attempt.ts';

export type AttemptEventRecord = {
  n: number;
  atOffset: number;
  time: number;
} & (
  | { kind: 'setVariable'; name: string; /** Sealed when sensitive. */ value: string; sensitive: boolean }
  | { kind: 'newArtifact'; index: number; name: string; path: string }
  | { kind: 'progress'; percentage: number; message: string }
  | { kind: 'resultMessage'; text: string }
  | { kind: 'levelChanged'; stream: 'stdout' | 'stderr'; level: string }
  | { kind: 'note'; level: string; text: string }
);

export interface ArtifactRecord {
  spaceId: string;
  id: string;
  taskId: string;
  attemptId: string;
  index: number;
  name: string;
  length: number;
  /** SHA-256, hex. */
  digest: string;
  /** Not empty: it could not be collected, and why. */
  error: string;
  createdAt: number;
}

/** That an attempt did not run, by an operator's word. */
export interface OperatorsWord {
  spaceId: string;
  attemptId: string;
  taskId: string;
  saidBy: string;
}

export interface AttemptRepository {
  insert(attempt: Attempt): Promise<void>;
  get(spaceId: string, id: string): Promise<Attempt | undefined>;
  /** By id alone: an agent names no space. */
  find(id: string): Promise<Attempt | undefined>;
  ofTask(spaceId: string, taskId: string): Promise<Attempt[]>;
  /** Not complete (or denied) on this worker: what an inventory is held against. */
  openOnWorker(workerId: string): Promise<Attempt[]>;
  /** Complete, with output, by id. */
  withOutput(spaceId: string, afterId: string, limit: number): Promise<Attempt[]>;
  /** False, and nothing is changed, when a later owner of its task (a higher fence) has written it. */
  update(attempt: Attempt): Promise<boolean>;
  /** What an attempt of a run was told to do, sealed as a whole: its text may hold secrets. Kept until it is complete. */
  putScript(attempt: Pick<Attempt, 'spaceId' | 'id'>, sealed: string): Promise<void>;
  script(attempt: Pick<Attempt, 'spaceId' | 'id'>): Promise<string | undefined>;
  dropScript(attempt: Pick<Attempt, 'spaceId' | 'id'>): Promise<void>;
  appendEvents(attempt: Attempt, events: AttemptEventRecord[]): Promise<void>;
  events(spaceId: string, attemptId: string, afterN: number): Promise<AttemptEventRecord[]>;
  putArtifact(artifact: ArtifactRecord): Promise<void>;
  artifacts(spaceId: string, taskId: string): Promise<ArtifactRecord[]>;
  artifact(spaceId: string, id: string): Promise<ArtifactRecord | undefined>;
  /** Left for the node that owns the task; the first word about an attempt stays. */
  leaveWord(word: OperatorsWord): Promise<void>;
  words(spaceId: string, taskId: string): Promise<OperatorsWord[]>;
  /** Those left for tasks of the node. */
  wordsFor(nodeId: string): Promise<OperatorsWord[]>;
  takeWord(word: OperatorsWord): Promise<void>;
}
