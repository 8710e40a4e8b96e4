/** What the API serves: `app`, by interface. */
import type { Clock, Logger } from '@longshore/base';

import type { Audit } from '../app/kernel/audit.ts';
import type { AgentPackages } from '../app/machines/agent-packages.ts';
import type { ApiKeys } from '../app/machines/api-keys.ts';
import type { Health } from '../app/machines/health.ts';
import type { KnownNames } from '../app/machines/known-names.ts';
import type { Pools } from '../app/machines/pools.ts';
import type { Upgrades } from '../app/machines/upgrades.ts';
import type { Workers } from '../app/machines/workers.ts';
import type { Apply } from '../app/model/apply.ts';
import type { Resources } from '../app/model/resources.ts';
import type { Caller } from '../app/ports/caller.ts';
import type { Core } from '../app/ports/core-api.ts';
import type { LogStore } from '../app/ports/log-store.ts';
import type { Targets } from '../app/targets/targets.ts';
import type { Tokens } from '../app/targets/tokens.ts';
import type { Artifacts } from '../app/tasks/artifacts.ts';
import type { VariableViews } from '../app/variables/variables.ts';
import type { HttpRefusal } from './connections.ts';
import type { Release } from './room.ts';

export interface ApiServices {
  core: Pick<Core, 'tasks' | 'processRuns' | 'releases' | 'triggers' | 'leases' | 'nodes'>;
  logs: Pick<LogStore, 'read' | 'length' | 'follow'>;
  pools: Pools;
  workers: Workers;
  targets: Targets;
  health: Health;
  agentPackages: AgentPackages;
  upgrades: Upgrades;
  tokens: Tokens;
  apiKeys: ApiKeys;
  artifacts: Artifacts;
  audit: Audit;
  names: KnownNames;
  apply: Apply;
  resources: Resources;
  variables: VariableViews;
}

export interface ApiConfig {
  /** Where to listen; port 0 takes a free one. */
  host: string;
  port: number;
  nodeId: string;
  version: string;
  /** `/metrics` needs no API key. */
  openMetrics: boolean;
  /** What `/metrics` answers. */
  metrics: () => Promise<{ contentType: string; body: string }>;
  /** Whether the node takes work: each part's word. */
  ready: () => { ready: boolean; detail: Record<string, string> };
  /** Hears of each answer, for the metrics. */
  answered?: (status: number, ms: number) => void;
  /** Hears of each connection that was turned away, and of each request without a key that works. */
  refused?: (reason: HttpRefusal) => void;
  keyRefused?: () => void;
  clock: Clock;
  logger: Logger;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by auth.ts before any handler that needs it. */
    caller: (Caller & { keyId: string }) | null;
    /** Gives back the room that its body took; set by bodies.ts. */
    releaseBody: Release | null;
  }
  interface FastifyContextConfig {
    /** No API key is asked for. */
    open?: boolean;
  }
}
