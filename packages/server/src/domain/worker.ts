import type { Incarnation } from './incarnation.ts';

export const HEALTH_STATES = ['healthy', 'hasWarnings', 'unhealthy', 'unavailable', 'unknown'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export interface MachineFacts {
  hostname: string;
  os: string;
  architecture: string;
  processors: number;
  memoryBytes: number;
  freeDiskBytes: number;
  tools: { name: string; version: string }[];
  cgroups: boolean;
}

/** A machine registered in one or more pools. The id is also its agent's id in the certificate. */
export interface Worker {
  spaceId: string;
  id: string;
  name: string;
  mode: 'polling' | 'listening' | 'builtIn';
  /** host:port of a listening agent; empty otherwise. */
  address: string;
  /** SHA-256 of the agent's public key (SubjectPublicKeyInfo), hex: its identity. */
  keyFingerprint: string;
  poolIds: string[];
  labels: Record<string, string>;
  /** How many shared leases it takes at once. */
  slots: number;
  enabled: boolean;
  draining: boolean;
  /** Two copies of its identity were seen, or an attempt was lost on it; the reason. Empty: not locked. */
  locked: string;
  /** No new leases until inventoried and clean; the reason. Empty: not quarantined. */
  quarantined: string;
  revoked: boolean;
  ephemeral: boolean;
  version: string;
  facts: MachineFacts | null;
  incarnation: Incarnation | null;
  health: HealthState;
  healthReason: string;
  healthAt: number;
  connectedAt: number | null;
  lastSeenAt: number | null;
  createdAt: number;
}
