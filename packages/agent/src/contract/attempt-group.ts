/**
 * The control group of an attempt, as every runner needs one. The host hands
 * the maker of groups to a runner, so that runners need not know each other.
 */
export interface AttemptGroup {
  /** Its folder in the v2 hierarchy. */
  readonly folder: string;
  /** Files of further (v1) groups that take its processes. */
  readonly files: readonly string[];
  /** Never more processes than were allowed are in it; true also where no bound was asked for. */
  readonly bounded: boolean;
  /** KILL to all in it; whether it was seen empty. */
  kill(): Promise<boolean>;
  /** False while something of the attempt still runs in it. */
  remove(): boolean;
}

export interface AttemptGroups {
  /** Null where none can be made. */
  leaf(attemptId: string, maxProcesses: number): AttemptGroup | null;
}

/** What was asked for and can't be had here, for the people who asked. */
export function lacksOf(
  group: Pick<AttemptGroup, 'bounded'> | null,
  { maxProcesses }: { maxProcesses: number },
): string[] {
  if (maxProcesses <= 0 || group?.bounded === true) return [];
  return [
    `At most ${maxProcesses} processes were asked for, but this worker has no control group that could bound them: the script runs without that bound.`,
  ];
}
