/**
 * The one database port under the repositories: SQL by hand in the common
 * subset of SQLite and PostgreSQL, with `?` for each parameter. Times are
 * BIGINT milliseconds, booleans INTEGER 0/1, structures JSON in TEXT, so that
 * a statement reads the same on both.
 */
export type SqlValue = string | number | null | Uint8Array;

export interface Sql {
  all<Row>(text: string, ...params: SqlValue[]): Promise<Row[]>;
  get<Row>(text: string, ...params: SqlValue[]): Promise<Row | undefined>;
  /** Rows changed. */
  run(text: string, ...params: SqlValue[]): Promise<number>;
  readonly dialect: 'sqlite' | 'postgres';
  /** ` FOR UPDATE SKIP LOCKED` where several nodes share the store; empty in SQLite, whose writers are alone anyway. */
  readonly skipLocked: string;
  readonly forUpdate: string;
}

export interface Database {
  readonly dialect: 'sqlite' | 'postgres';
  /**
   * One transaction; see `Store.commit`. `announcements` are sent to all nodes when it commits. Serializable unless
   * told, and tried again when it can't be serialised.
   */
  transact<T>(
    body: (sql: Sql) => Promise<T>,
    options?: TransactOptions,
  ): Promise<{ value: T; durable: Promise<void> }>;
  read<T>(body: (sql: Sql) => Promise<T>): Promise<T>;
  /** One durable transaction, alone among all nodes: migrations and first starts. */
  alone<T>(body: (sql: Sql) => Promise<T>): Promise<T>;
  durable(): Promise<void>;
  notify(sql: Sql, topic: string, id: string): void;
  listen(topic: string, heard: (id: string) => void): () => void;
  close(): Promise<void>;
}

export interface TransactOptions {
  /** `readCommitted`: each statement sees what was committed before it, and keys alone decide between nodes. */
  isolation: 'serializable' | 'readCommitted';
}

/** A numbered migration; statements run in order, in one transaction. */
export interface Migration {
  number: number;
  name: string;
  statements: string[];
  /** Only for this dialect; the other one counts it as done. */
  only?: 'sqlite' | 'postgres';
}
