export const STRATEGIES = ['fewest-leases', 'round-robin', 'pin-task'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** A named group of workers; exactly one pool of a space is the default. */
export interface WorkerPool {
  spaceId: string;
  id: string;
  name: string;
  description: string;
  kind: 'static' | 'dynamic';
  strategy: Strategy;
  isDefault: boolean;
  createdAt: number;
}
