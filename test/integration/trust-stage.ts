/** A gateway, a dialler and listening agents over real TLS and a real store; sessions are only recorded. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ServiceError } from '@grpc/grpc-js';
import { createIds, Scope, silentLogger, systemClock, type Clock } from '@longshore/base';
import { createKey, createRequest } from '@longshore/protocol/certificates';
import {
  channelCredentials,
  channelOptions,
  type Expected,
  type OwnIdentity,
} from '@longshore/protocol/credentials';
import { AgentGatewayClient, AgentHostClient } from '@longshore/protocol/gen/longshore/link/v1/link';
import { keyFingerprint } from '@longshore/protocol/identity';
import { encodeToken } from '@longshore/protocol/token';

import { HostListener } from '../../packages/agent/src/links/host-listener.ts';
import { IdentityStore } from '../../packages/agent/src/links/identity-store.ts';
import type { Sealer } from '../../packages/server/src/app/ports/sealer.ts';
import type { Store } from '../../packages/server/src/app/ports/store.ts';
import type { TargetClaim } from '../../packages/server/src/domain/model/target-claim.ts';
import { ServerAuthority } from '../../packages/server/src/links/authority.ts';
import { Enrolment } from '../../packages/server/src/links/enrolment.ts';
import { Gateway } from '../../packages/server/src/links/gateway.ts';
import { insertWorker } from '../../packages/server/src/links/new-worker.ts';
import { AgentPairing } from '../../packages/server/src/links/pairing.ts';
import { migrate } from '../../packages/server/src/store/migrate.ts';
import { MIGRATIONS, repositories } from '../../packages/server/src/store/repositories.ts';
import { openSqlite } from '../../packages/server/src/store/sqlite.ts';
import { createStore } from '../../packages/server/src/store/store.ts';

export const SPACE = 'default';
export const POOL = 'pool-1';
export const OTHER_POOL = 'pool-2';
/** Long enough for a test to open a port, and short for one that waits in vain. */
const REACH_MS = 2000;
const ids = createIds();

/** Not the real one: what it seals is not under test here. */
const sealer: Sealer = {
  seal: (plain, context) => `${context}.${Buffer.from(plain).toString('base64')}`,
  open: (sealed, context) => Buffer.from(sealed.slice(context.length + 1), 'base64').toString(),
};

export class TrustStage implements AsyncDisposable {
  readonly scope = new Scope();
  /** Peers of the sessions that were let in, either way. */
  readonly served: string[] = [];
  folder!: string;
  store!: Store;
  authority!: ServerAuthority;
  gateway!: Gateway;
  pairing!: AgentPairing;

  static async start(): Promise<TrustStage> {
    const stage = new TrustStage();
    stage.folder = await mkdtemp(join(tmpdir(), 'longshore-trust-'));
    stage.scope.add('the folder', () => rm(stage.folder, { recursive: true, force: true }));
    stage.store = await stage.#openStore();
    stage.authority = await stage.authorityAt(systemClock);
    const common = {
      store: stage.store,
      authority: stage.authority,
      clock: systemClock,
      ids,
      logger: silentLogger,
    };
    stage.pairing = new AgentPairing({ ...common, reachMs: REACH_MS });
    const enrolment = new Enrolment({ ...common, serverName: 'test' });
    stage.gateway = stage.scope.use(
      'the gateway',
      await Gateway.start({
        ...common,
        enrolment,
        listen: { host: '127.0.0.1', port: 0 },
        serve: async ({ duplex, peer }) => {
          stage.served.push(`${peer.role} ${peer.id}`);
          await duplex.send({ kind: { $case: 'pong', value: { n: 1 } } });
          await duplex.closed;
        },
      }),
    );
    return stage;
  }

  async #openStore(): Promise<Store> {
    const events = {
      failed: (error: unknown): void => {
        throw error;
      },
    };
    const database = await openSqlite({
      path: join(this.folder, 'state.db'),
      logger: silentLogger,
      events,
    });
    this.scope.add('the database', () => database.close());
    await migrate(database, MIGRATIONS, { logger: silentLogger, now: () => Date.now() });
    const store = await createStore(database, repositories);
    await store.write(async (tx) => {
      for (const [n, id] of [POOL, OTHER_POOL].entries()) {
        await tx.pools.insert({
          spaceId: SPACE,
          id,
          name: `Pool ${n + 1}`,
          description: '',
          kind: 'static',
          strategy: 'fewest-leases',
          isDefault: n === 0,
          createdAt: 1,
        });
      }
    });
    return store;
  }

  /** The same authority (it is the database's), at another time. */
  async authorityAt(clock: Clock, store = this.store): Promise<ServerAuthority> {
    const authority = await ServerAuthority.open({
      store,
      sealer,
      clock,
      logger: silentLogger,
      nodeId: 'node-1',
    });
    this.scope.add('an authority', () => authority.close());
    return authority;
  }

  get address(): string {
    return `127.0.0.1:${this.gateway.port}`;
  }

  /** A one-time token of this server, or one that differs. */
  async token(
    over: {
      poolIds?: string[];
      target?: TargetClaim;
      expiresAt?: number;
      authorityFingerprint?: string;
      secret?: Buffer;
      server?: string;
    } = {},
  ): Promise<string> {
    const secret = randomBytes(32);
    const id = ids();
    await this.store.write((tx) =>
      tx.tokens.insert({
        spaceId: SPACE,
        id,
        secretHash: createHash('sha256').update(secret).digest('hex'),
        poolIds: over.poolIds ?? [POOL],
        target: over.target ?? null,
        description: '',
        createdBy: 'test',
        createdAt: Date.now(),
        expiresAt: over.expiresAt ?? Date.now() + 60_000,
        usedAt: null,
        usedBy: '',
      }),
    );
    return encodeToken({
      id,
      secret: over.secret ?? secret,
      authorityFingerprint: over.authorityFingerprint ?? this.authority.fingerprint,
      server: over.server ?? this.address,
    });
  }

  /** A worker's row, and a certificate of `authority` for it (expired, when that lives in the past). */
  async worker(
    over: {
      authority?: ServerAuthority;
      revoked?: boolean;
      mode?: 'polling' | 'listening';
      registered?: boolean;
    } = {},
  ): Promise<OwnIdentity & { id: string }> {
    const id = ids();
    const keyPem = createKey();
    const { chainPem } = await (over.authority ?? this.authority).issueForAgent(
      id,
      createRequest(keyPem),
      null,
    );
    if (over.registered !== false) {
      await this.store.write(async (tx) => {
        const worker = await insertWorker(tx, {
          spaceId: SPACE,
          id,
          name: id,
          mode: over.mode ?? 'polling',
          address: '',
          keyFingerprint: keyFingerprint(keyPem),
          poolIds: [POOL],
          labels: {},
          slots: 1,
          ephemeral: false,
          createdAt: 1,
        });
        if (over.revoked === true) await tx.workers.update({ ...worker, revoked: true });
      });
    }
    return { id, chainPem, keyPem };
  }

  identityStore(): IdentityStore {
    return new IdentityStore(join(this.folder, `agent-${ids()}`));
  }

  /** A listening agent's port; it has the identity of `store`, or none yet. */
  async listener(store: IdentityStore, port = 0): Promise<HostListener> {
    const listener = await HostListener.start({
      store,
      clock: systemClock,
      logger: silentLogger,
      listen: { host: '127.0.0.1', port },
      name: 'listening',
      identified: () => undefined,
      unwanted: () => undefined,
      serve: async ({ duplex, nodeId }) => {
        this.served.push(`server ${nodeId}`);
        await duplex.send({ kind: { $case: 'pong', value: { n: 1 } } });
        const { reason } = await duplex.closed;
        return { kind: 'again', detail: reason };
      },
    });
    return this.scope.use('a listener', listener);
  }

  /** Stores an identity as a paired listening agent has it. */
  paired(own: OwnIdentity & { id: string }): IdentityStore {
    const store = this.identityStore();
    store.importKey(own.keyPem);
    store.save(
      {
        version: 1,
        mode: 'listening',
        agentId: own.id,
        name: own.id,
        server: '',
        serverName: '',
        authorityFingerprint: this.authority.fingerprint,
        ephemeral: false,
      },
      own.chainPem,
    );
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scope.close();
  }
}

export interface Try {
  stream: 'link' | 'data';
  authorityPem: string;
  own?: OwnIdentity;
}

/** `in` when a frame came, else the refusal's text. */
export function callGateway(address: string, { stream, authorityPem, own }: Try): Promise<string> {
  const client = new AgentGatewayClient(
    address,
    channelCredentials(authorityPem, { role: 'server' }, own),
    channelOptions('direct'),
  );
  return outcome(stream === 'link' ? client.link() : client.data()).finally(() => client.close());
}

export function callHost(
  address: string,
  { stream, authorityPem, own, expected = { role: 'agent' } }: Try & { expected?: Expected },
): Promise<string> {
  const client = new AgentHostClient(
    address,
    channelCredentials(authorityPem, expected, own),
    channelOptions('direct'),
  );
  return outcome(stream === 'link' ? client.link() : client.data()).finally(() => client.close());
}

interface AnyCall {
  on(event: 'data' | 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: ServiceError) => void): unknown;
  cancel(): void;
}

function outcome(call: AnyCall): Promise<string> {
  return new Promise((resolve) => {
    call.on('data', () => {
      resolve('in');
      call.cancel();
    });
    call.on('error', (error) => resolve(`${error.code} ${error.details}`));
    call.on('end', () => resolve('ended'));
  });
}
