/** Where things are deployed to. */
export interface Environment {
  description: string;
  /** Environments are shown, and a lifecycle without phases goes through them, in this order; ties by name. */
  sortOrder: number;
  /** Whether a failure asks people what to do, where neither deployment nor project says so. */
  guidedFailure: boolean;
}
