import type { ApiApp } from './app.ts';
import type { Held } from './held.ts';
import { agentPackageRoutes } from './rest/agent-packages.ts';
import { artifactRoutes } from './rest/artifacts.ts';
import { attemptRoutes } from './rest/attempts.ts';
import { leaseRoutes } from './rest/leases.ts';
import { modelRoutes } from './rest/model.ts';
import { policyRoutes } from './rest/policies.ts';
import { poolRoutes } from './rest/pools.ts';
import { releaseRoutes } from './rest/releases.ts';
import { runRoutes } from './rest/runs.ts';
import { serverRoutes } from './rest/server.ts';
import { targetRoutes } from './rest/targets.ts';
import { taskRoutes } from './rest/tasks.ts';
import { triggerRoutes } from './rest/triggers.ts';
import { apiKeyRoutes, auditRoutes, tokenRoutes, whoamiRoutes } from './rest/trust.ts';
import { upgradeRoutes } from './rest/upgrades.ts';
import { variableRoutes } from './rest/variables.ts';
import { workerRoutes } from './rest/workers.ts';
import type { ApiConfig, ApiServices } from './services.ts';

export function addRoutes(
  app: ApiApp,
  services: ApiServices,
  { config, held }: { config: ApiConfig; held: Held },
): void {
  poolRoutes(app, services);
  workerRoutes(app, services);
  targetRoutes(app, services);
  agentPackageRoutes(app, services, held);
  upgradeRoutes(app, services);
  policyRoutes(app, services);
  taskRoutes(app, { services, config, held });
  releaseRoutes(app, services);
  runRoutes(app, services);
  variableRoutes(app, services);
  triggerRoutes(app, services);
  attemptRoutes(app, services, held);
  artifactRoutes(app, services, held);
  leaseRoutes(app, services);
  tokenRoutes(app, services);
  apiKeyRoutes(app, services);
  auditRoutes(app, services);
  whoamiRoutes(app, config);
  modelRoutes(app, services);
  serverRoutes(app, services, config);
}
