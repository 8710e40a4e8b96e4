import type { Ref } from './ref.ts';

/** The order in which a release goes through environments. Without phases: all environments, in their order. */
export interface Lifecycle {
  description: string;
  phases: Phase[];
}

export interface Phase {
  name: string;
  /** People deploy to these. */
  environments: Ref[];
  /** Deployed to as soon as a release reaches the phase. */
  automatic: Ref[];
  /** So many of its environments must have succeeded before the next phase; 0: all of them. */
  minimum: number;
  /** The next phase does not wait for it. */
  optional: boolean;
  /** Its deployments go before others in the queue. */
  priority: boolean;
}
