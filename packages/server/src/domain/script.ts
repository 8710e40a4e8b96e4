export const INTERPRETERS = ['bash', 'sh', 'python', 'node', 'powershell'] as const;
export type Interpreter = (typeof INTERPRETERS)[number];

/** The tool that a worker must have for each interpreter, as `MachineFacts.tools` names it. */
export const INTERPRETER_TOOL: Readonly<Record<Interpreter, string>> = {
  bash: 'bash',
  sh: 'sh',
  python: 'python3',
  node: 'node',
  powershell: 'pwsh',
};

export interface ScriptVariable {
  name: string;
  value: string;
  sensitive: boolean;
}

export interface ScriptFile {
  name: string;
  /** Base64, so that a spec is plain JSON. */
  contentBase64: string;
  executable: boolean;
}

/** What to run. At rest, sensitive values are sealed (`app/ports/sealer.ts`). */
export interface ScriptSpec {
  interpreter: Interpreter;
  body: string;
  arguments: string[];
  environment: Record<string, string>;
  variables: ScriptVariable[];
  files: ScriptFile[];
  /** 0 is without limit. */
  timeoutMs: number;
  graceMs: number;
  isolation: { name: string; mode: 'reader' | 'writer' } | null;
  terminal: { columns: number; rows: number } | null;
  /** Empty: the agent's own user. */
  runAs: string;
  /** 0: no bound. */
  maxProcesses: number;
  /** 0: the agent's default. */
  outputQuotaBytes: number;
  /** The log's largest size in spool bytes: what is beyond is dropped and counted. 0: no bound; absent: the server's default. */
  largestLogBytes?: number;
}
