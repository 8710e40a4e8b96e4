/** The built-in worker's agent as a process of this machine. `builtin-process.ts` implements it. */
export interface BuiltInProcess {
  /** Which worker its data directory is registered as; null: none. */
  registeredAs(): Promise<string | null>;
  /** Forgets what was there, and registers anew with a one-time token. */
  register(registration: { token: string; name: string }): Promise<void>;
  /** Registration succeeded: what `registeredAs` answers from now on. */
  remember(workerId: string): Promise<void>;
  /** Whether the very process that was started runs: by pid, its start time and the machine's boot. */
  running(): Promise<boolean>;
  /** Starts it so that it outlives this server. */
  start(): Promise<void>;
  /** Ends it, and what it keeps ready for scripts once nothing runs there. */
  stop(): Promise<void>;
  /** That it was switched off by the server's options is remembered, so that switching on undoes just that. */
  switchedOff(): Promise<boolean>;
  setSwitchedOff(off: boolean): Promise<void>;
}
