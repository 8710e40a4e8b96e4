/** A question to people that a run waits for: a manual intervention, or what to do about a failure. */
export interface Interruption {
  spaceId: string;
  id: string;
  taskId: string;
  /** The activity that waits for the answer. */
  activity: string;
  kind: 'manual' | 'guidedFailure';
  title: string;
  instructions: string;
  /** Who is to answer, as free text. */
  responsible: string;
  /** The answers that there are: `proceed`, `abort`; or those of `after-try.ts`. */
  options: string[];
  /** Empty: none yet, or the run ended before there was one. */
  answer: string;
  notes: string;
  answeredBy: string;
  createdAt: number;
  endedAt: number | null;
}

export const MANUAL_OPTIONS = ['proceed', 'abort'] as const;
