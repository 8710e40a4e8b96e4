/**
 * One server node, put together: storage, the core, links to agents, the API.
 * Each part is added to a scope as soon as it is held, and given back in
 * reverse order, so that a start that fails half-way leaves nothing behind.
 */
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { AppError, createIds, Scope, systemClock, toError, type Ids, type Logger } from '@longshore/base';
import { formatAddress, type Address } from '@longshore/base/options';
import { version } from '@longshore/base/version';

import { outputText } from './api/output.ts';
import { createSecrets, fingerprint } from './api/secrets.ts';
import { createApi, type Api } from './api/server.ts';
import { createCore } from './app/core.ts';
import { createAudit } from './app/kernel/audit.ts';
import { createAgentPackages } from './app/machines/agent-packages.ts';
import { createApiKeys } from './app/machines/api-keys.ts';
import { bootstrap, DEFAULT_SPACE } from './app/machines/bootstrap.ts';
import { BUILTIN_CREATOR, BuiltInWorker } from './app/machines/builtin-worker.ts';
import { createHealth, type Health } from './app/machines/health.ts';
import { createKnownNames } from './app/machines/known-names.ts';
import { createPools } from './app/machines/pools.ts';
import { createUpgrades } from './app/machines/upgrades.ts';
import { createWorkers } from './app/machines/workers.ts';
import { createApply } from './app/model/apply.ts';
import { createResources } from './app/model/resources.ts';
import { runUses } from './app/planning/run-uses.ts';
import type { Core } from './app/ports/core-api.ts';
import type { Secrets } from './app/ports/secrets.ts';
import { createTargets } from './app/targets/targets.ts';
import { createTokens } from './app/targets/tokens.ts';
import { createArtifacts } from './app/tasks/artifacts.ts';
import { createVariables } from './app/variables/variables.ts';
import { AGENT_PROGRAM, createBuiltInProcess } from './builtin-process.ts';
import { publicAddress, type ServerConfig } from './config.ts';
import { createDueTimes } from './due-times.ts';
import { AgentLinks } from './links/agent-links.ts';
import { packageReader } from './links/package-reader.ts';
import { digests } from './logs/digests.ts';
import { startCoreLoops } from './loops/core-loops.ts';
import { HealthSchedule } from './loops/health-schedule.ts';
import { TriggerLoop } from './loops/triggers.ts';
import { Counters, Metrics } from './metrics.ts';
import { openStorage, type Storage } from './storage.ts';
import { webCaller } from './web-caller.ts';

export interface RunningServer {
  readonly nodeId: string;
  readonly httpPort: number;
  readonly agentPort: number;
  /** Drains, says goodbye to agents (their scripts go on), closes. Idempotent. */
  stop(): Promise<void>;
}

export interface StartOptions {
  config: ServerConfig;
  logger: Logger;
  /** The process has to end at once: what was committed can't be made durable. */
  fatal: (error: Error) => void;
  /** Shows the administrator's API key, which a first start has made; before anything listens. */
  showKey: (key: string) => void;
}

type State = 'starting' | 'ready' | 'stopping';

/** @throws AppError that says what could not be opened, after giving back what was */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const scope = new Scope();
  try {
    return await start(options, scope);
  } catch (thrown) {
    await scope
      .close()
      .catch((error: unknown) =>
        options.logger.error('giving back what a failed start held', { error: toError(error) }),
      );
    throw thrown;
  }
}

async function start({ config, logger, fatal, showKey }: StartOptions, scope: Scope): Promise<RunningServer> {
  let state: State = 'starting';
  const counters = new Counters();
  const events = { failed: fatal, synced: (commits: number, ms: number) => counters.synced(commits, ms) };
  const storage = await openStorage({ config, ids: createIds(), logger, scope, events });
  const [newest] = await storage.store.read((tx) => tx.tasks.list(DEFAULT_SPACE, { limit: 1 }));
  const ids = createIds({ after: newest?.id });
  const base: Base = { config, logger, storage, scope, ids, fatal };
  const { core, links } = await openCore(base, counters);
  const secrets: Secrets = { ...createSecrets(), tokenText: (token) => links.tokenText(token) };
  const { store, nodeId } = storage;
  const { adminApiKey } = await bootstrap({ store, clock: systemClock, ids, secrets });
  if (adminApiKey !== null) showKey(adminApiKey);
  const metrics = openMetrics({ core, links, storage, counters });
  scope.add('the metrics', () => metrics.close());
  const parts: Parts = { ...base, core, links, secrets, health: openHealth(base, { core, links }) };
  const api = openApi(parts, { metrics, state: () => state });
  await core.start();
  await storage.confirmMasterKey();
  await links.start(core.inbox);
  await startLoops(parts);
  const httpPort = await api.listen();
  state = 'ready';
  logger.info('the server is ready', { nodeId, version, http: httpPort, agents: links.port });
  const stop = async (): Promise<void> => {
    state = 'stopping';
    logger.info('the server stops: it takes no more work; scripts go on', { nodeId });
    links.drain();
    await core.drain();
    await api.close();
    await store.durable();
    await scope.close();
    logger.info('the server has stopped', { nodeId });
  };
  let stopping: Promise<void> | undefined;
  return { nodeId, httpPort, agentPort: links.port, stop: () => (stopping ??= stop()) };
}

interface Base {
  config: ServerConfig;
  logger: Logger;
  storage: Storage;
  scope: Scope;
  ids: Ids;
  fatal: StartOptions['fatal'];
}

interface Heart {
  core: Core;
  links: AgentLinks;
}

interface Parts extends Base, Heart {
  secrets: Secrets;
  health: Health;
}

/** Nothing listens yet: the core first takes up what it owns. */
async function openCore({ config, logger, storage, scope, ids }: Base, counters: Counters): Promise<Heart> {
  const { store, nodeId, sealer, logs } = storage;
  const clock = systemClock;
  const listen = await withPort(config.agentAddress);
  const agentAddress = formatAddress(publicAddress(config, listen.port));
  const links = await AgentLinks.open({
    ...{ store, sealer, clock, ids, logger, nodeId, listen },
    publicAddress: () => agentAddress,
    hosts: config.publicAgentAddress === undefined ? [] : [config.publicAgentAddress.host],
    builtInCreator: BUILTIN_CREATOR,
    counters,
  });
  const core = createCore({
    ...{
      store,
      logs,
      sealer,
      agents: links.directory,
      clock,
      ids,
      logger,
      nodeId,
      version,
      digests,
      agentAddress,
      web: webCaller,
      dueTimes: createDueTimes(),
    },
    taskCap: config.taskCap,
    largestLogBytes: config.largestLog,
    nextTurn: (fn) => void setImmediate(fn),
    spaces: [DEFAULT_SPACE],
  });
  scope.add('the core', () => core.close());
  scope.use('the links to agents', links);
  return { core, links };
}

/** Port 0 stands for a free one; agents are told which, so that it must be known before it is opened. */
async function withPort({ host, port }: Address): Promise<Address> {
  if (port !== 0) return { host, port };
  const probe = createNetServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, host, resolve));
  const found = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return { host, port: found.port };
}

function openHealth({ storage, logger }: Base, { core, links }: Heart): Health {
  const { store } = storage;
  return createHealth({
    store,
    clock: systemClock,
    logger,
    agents: links.directory,
    tasks: core.tasks,
    outputText: outputText(core.logs),
  });
}

function openApi(parts: Parts, { metrics, state }: { metrics: Metrics; state: () => State }): Api {
  const { config, logger, storage, scope, secrets, health, core, links, ids } = parts;
  const { store, logs, nodeId } = storage;
  const clock = systemClock;
  const names = createKnownNames(store);
  scope.add('the known names', () => names.close());
  const apiKeys = createApiKeys({ store, clock, ids, secrets, logger });
  scope.add('the API keys', () => apiKeys.close());
  const services = {
    ...{ core, logs: core.logs, health, apiKeys, names },
    agentPackages: createAgentPackages({ store, clock, ids, read: packageReader }),
    upgrades: createUpgrades({ store, clock, agents: links.directory, tasks: core.tasks }),
    pools: createPools({ store, clock, ids }),
    workers: createWorkers({
      store,
      clock,
      agents: links.directory,
      pairing: links.pairing,
      leases: core.leases,
    }),
    targets: createTargets({
      ...{ store, clock, ids, health },
      agents: links.directory,
      pairing: links.pairing,
    }),
    tokens: createTokens({ store, clock, ids, secrets }),
    artifacts: createArtifacts({ store, logs, digests, clock }),
    audit: createAudit(store),
    apply: createApply({
      ...{ store, clock, ids, sealer: storage.sealer, fingerprint },
      usesElsewhere: [runUses],
    }),
    resources: createResources({ store, clock, usesElsewhere: [runUses] }),
    variables: createVariables({ store, clock }),
  };
  const api = createApi(services, {
    ...{ nodeId, version, clock, logger },
    host: config.httpAddress.host,
    port: config.httpAddress.port,
    openMetrics: config.openMetrics,
    metrics: () => metrics.page(),
    ready: () => readiness(state(), storage),
    answered: (status, ms) => metrics.counters.answered(status, ms),
    refused: (reason) => metrics.counters.connectionRefused('http', reason),
    keyRefused: () => void (metrics.counters.keysRefused += 1),
  });
  scope.add('the API', () => api.close());
  return api;
}

function readiness(
  state: State,
  { store, logs }: Storage,
): { ready: boolean; detail: Record<string, string> } {
  const out = store.out || logs.out;
  return {
    ready: state === 'ready' && out === '',
    detail: { server: state, store: store.dialect, ...(out === '' ? {} : { storage: out }) },
  };
}

function openMetrics({
  core,
  links,
  storage,
  counters,
}: Heart & { storage: Storage; counters: Counters }): Metrics {
  return new Metrics(counters, {
    version,
    nodeId: storage.nodeId,
    figures: () => core.figures(),
    tasksByState: () => core.tasks.countByState(),
    async oldestQueuedMs() {
      const [oldest] = await core.leases.queue(DEFAULT_SPACE);
      return oldest === undefined ? 0 : systemClock.since(oldest.request.createdAt);
    },
    agentsConnected: () => links.directory.size,
    logBytesStored: () => storage.logs.bytesStored,
    storageOut: () => storage.store.out !== '' || storage.logs.out !== '',
  });
}

async function startLoops({
  config,
  logger,
  storage,
  scope,
  secrets,
  health,
  ids,
  core,
  links,
  fatal,
}: Parts): Promise<void> {
  const { store, nodeId, directory } = storage;
  const stopCoreLoops = startCoreLoops(core.chores, {
    clock: systemClock,
    logger,
    dialect: store.dialect,
    logCheckIntervalMs: config.logCheckInterval,
    fenced: () =>
      fatal(
        new AppError(
          'conflict',
          `node ${nodeId} was taken for dead, or runs twice: its tasks are others' now`,
        ),
      ),
  });
  scope.add("the core's loops", stopCoreLoops);
  const schedule = new HealthSchedule({
    store,
    clock: systemClock,
    logger,
    health,
    nodeId,
    spaceId: DEFAULT_SPACE,
  });
  scope.add('the health schedule', () => schedule.close());
  await schedule.start();
  const triggers = new TriggerLoop({ store, clock: systemClock, logger, triggers: core.triggers });
  scope.add('the triggers', () => triggers.close());
  triggers.start();
  const process = createBuiltInProcess({
    folder: join(directory.path, 'builtin-worker'),
    command: [globalThis.process.execPath, AGENT_PROGRAM],
    server: () => formatAddress({ host: '127.0.0.1', port: links.port }),
    user: config.builtinWorkerUser ?? '',
  });
  const enabled = config.builtinWorker;
  const builtIn = new BuiltInWorker({
    store,
    clock: systemClock,
    ids,
    secrets,
    logger,
    process,
    nodeId,
    spaceId: DEFAULT_SPACE,
    enabled,
  });
  scope.add('the built-in worker', () => builtIn.close());
  builtIn.start();
}
