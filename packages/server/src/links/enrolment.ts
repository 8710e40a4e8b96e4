/**
 * How a polling agent gets its identity, and gets it back: the only services
 * that take callers without a certificate. Whether a token counts is decided
 * by one database transaction, which also inserts the machine, as a worker, a
 * deployment target or both: a token that was used once made exactly one.
 *
 * A registration whose answer was lost may be repeated: the same token with
 * the same key is the same registration, and gets the same agent id.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import { AppError, isId, toError, type Clock, type Ids, type Logger } from '@longshore/base';
import { requestKey } from '@longshore/protocol/certificates';
import type {
  EnrolmentServer,
  RegisterRequest,
  RegisterResponse,
  RenewChallengeRequest,
  RenewChallengeResponse,
  RenewRequest,
  RenewResponse,
} from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { toStatus } from '@longshore/protocol/grpc-status';
import { keyFingerprint } from '@longshore/protocol/identity';
import { verifyRenewal } from '@longshore/protocol/renewal';

import type { Store, Tx } from '../app/ports/store.ts';
import type { RegistrationToken } from '../app/ports/trust.ts';
import type { Worker } from '../domain/worker.ts';
import {
  ENROLMENT_FAILURE_ADDRESSES,
  ENROLMENT_FAILURE_WINDOW_MS,
  ENROLMENT_FAILURES_PER_WINDOW,
  RENEWAL_CHALLENGE_LIFE_MS,
} from '../limits.ts';
import type { ServerAuthority } from './authority.ts';
import { FailureLimit } from './failure-limit.ts';
import { insertWorker, type WorkerBasis } from './new-worker.ts';
import { agreeing } from './peers.ts';
import { registeredAs } from './registered-as.ts';

export interface EnrolmentOptions {
  store: Store;
  authority: ServerAuthority;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** How agents see this installation in their configuration. */
  serverName: string;
  /** The name of the built-in worker's mode is not the agent's to say: tokens of this creator make built-in workers. */
  builtInCreator?: string;
}

export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #failures: FailureLimit;
  /** Challenges are this node's own word: a start makes older ones void. */
  readonly #challengeKey = randomBytes(32);

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.#failures = new FailureLimit(options.clock, {
      perWindow: ENROLMENT_FAILURES_PER_WINDOW,
      windowMs: ENROLMENT_FAILURE_WINDOW_MS,
      addresses: ENROLMENT_FAILURE_ADDRESSES,
    });
  }

  get service(): EnrolmentServer {
    return {
      register: this.#unary('registering an agent', (request: RegisterRequest) => this.#register(request)),
      renewChallenge: this.#unary('challenging an agent', async (request: RenewChallengeRequest) =>
        this.#challenge(request),
      ),
      renew: this.#unary('renewing a certificate', (request: RenewRequest) => this.#renew(request)),
    };
  }

  #unary<Request, Response>(
    doing: string,
    answer: (request: Request) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call: ServerUnaryCall<Request, Response>, reply) => {
      const address = call.getPeer().replace(/:\d+$/, '');
      if (this.#failures.exceeded(address)) {
        reply(toStatus(new AppError('tooMany', 'too many refused tries from this address: wait a minute')));
        return;
      }
      answer(call.request).then(
        (response) => reply(null, response),
        (thrown: unknown) => {
          this.#failures.failed(address);
          this.#options.logger.warn(`${doing} was refused`, { address, error: toError(thrown).message });
          reply(toStatus(thrown));
        },
      );
    };
  }

  async #register(request: RegisterRequest): Promise<RegisterResponse> {
    const { store, authority, ids, logger, serverName } = this.#options;
    const key = keyFingerprint(requestKey(request.csrDer));
    // Before anything costly; the transaction below decides.
    await store.read((tx) => this.#tokenOf(tx, request));
    const worker = await this.#admitted(ids(), key, request);
    const { chainPem } = await authority.issueForAgent(worker.id, request.csrDer, key);
    logger.info('an agent was registered', { workerId: worker.id, name: worker.name });
    const told = await store.read((tx) => registeredAs(tx, worker));
    return { agentId: worker.id, certificateChainPem: chainPem, serverName, ...told };
  }

  async #admitted(id: string, key: string, request: RegisterRequest): Promise<Worker> {
    const { store, clock } = this.#options;
    const now = clock.now();
    try {
      return await store.write(async (tx) => {
        const token = await this.#tokenOf(tx, request);
        if (token.usedAt !== null) return await repeated(tx, token, key);
        if (clock.since(token.createdAt) >= token.expiresAt - token.createdAt)
          throw new AppError('gone', `token ${token.id} has expired: ask for a new one`);
        const poolIds = await poolsOf(tx, token, request.pools);
        if (!(await tx.tokens.use(token.id, id, now))) throw used(token);
        const target = token.target === null ? null : { id: this.#options.ids(), claim: token.target };
        const basis: WorkerBasis = {
          spaceId: token.spaceId,
          id,
          name: request.name,
          mode: token.createdBy === this.#options.builtInCreator ? 'builtIn' : 'polling',
          address: '',
          keyFingerprint: key,
          poolIds,
          labels: request.labels,
          slots: request.slots,
          ephemeral: request.ephemeral,
          createdAt: now,
        };
        const worker = await insertWorker(tx, basis, target);
        await tx.audit.append(token.spaceId, {
          time: now,
          actor: `token ${token.id}`,
          action: 'worker.registered',
          subject: id,
          detail: {
            ...{ name: worker.name, poolIds, keyFingerprint: key },
            ...(target === null ? {} : { targetId: target.id, ...target.claim }),
          },
        });
        store.announce(tx, 'worker', id);
        if (target !== null) store.announce(tx, 'resource', 'target');
        return worker;
      });
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'gone')
        await this.#recordReuse(request.tokenId, thrown.message);
      throw thrown;
    }
  }

  /** A used or expired token that is shown again may be a stolen one: the audit trail says so. */
  async #recordReuse(tokenId: string, why: string): Promise<void> {
    const { store, clock } = this.#options;
    await store.write(async (tx) => {
      const token = await tx.tokens.find(tokenId);
      if (token === undefined) return;
      const event = {
        time: clock.now(),
        actor: 'unknown',
        action: 'token.refused',
        subject: tokenId,
        detail: { why },
      };
      await tx.audit.append(token.spaceId, event);
    });
  }

  async #tokenOf(tx: Tx, request: RegisterRequest): Promise<RegistrationToken> {
    const token = isId(request.tokenId) ? await tx.tokens.find(request.tokenId) : undefined;
    const shown = createHash('sha256').update(request.tokenSecret).digest();
    if (token === undefined || !timingSafeEqual(shown, Buffer.from(token.secretHash, 'hex'))) {
      throw new AppError(
        'unauthenticated',
        'this token is not known here: it was deleted, or is of another server',
      );
    }
    return token;
  }

  #challenge(request: RenewChallengeRequest): RenewChallengeResponse {
    const until = Buffer.alloc(8);
    until.writeDoubleBE(this.#options.clock.monotonic() + RENEWAL_CHALLENGE_LIFE_MS);
    const body = Buffer.concat([until, randomBytes(16)]);
    return { nonce: Buffer.concat([body, this.#seal(body, request.agentId)]) };
  }

  #seal(body: Uint8Array, agentId: string): Buffer {
    return createHmac('sha256', this.#challengeKey).update(body).update(agentId).digest();
  }

  async #renew(request: RenewRequest): Promise<RenewResponse> {
    const { store, authority, clock, logger } = this.#options;
    const { agentId, nonce, csrDer } = request;
    const body = Buffer.from(nonce.subarray(0, 24));
    const seal = nonce.subarray(24);
    const sealed = this.#seal(body, agentId);
    if (
      !isId(agentId) ||
      seal.length !== sealed.length ||
      !timingSafeEqual(seal, sealed) ||
      body.readDoubleBE(0) < clock.monotonic()
    ) {
      throw new AppError(
        'unauthenticated',
        'this is not a challenge of this server node, or it is too old: ask for a new one',
      );
    }
    const key = requestKey(csrDer);
    const worker = await store.read((tx) => tx.workers.find(agentId));
    agreeing(worker, { role: 'agent', id: agentId, keyFingerprint: keyFingerprint(key) });
    if (!verifyRenewal(key, request.signature, { nonce, csrDer })) {
      throw new AppError(
        'forbidden',
        `the signature for renewing the certificate of agent ${agentId} is not by its key`,
      );
    }
    const { chainPem } = await authority.issueForAgent(agentId, csrDer, keyFingerprint(key));
    logger.info('an expired certificate was renewed', { workerId: agentId });
    return { certificateChainPem: chainPem };
  }
}

function used(token: RegistrationToken): AppError {
  return new AppError(
    'gone',
    `token ${token.id} was used already: a token registers one agent, ask for a new one`,
  );
}

/** The registration of before, if it is that one: its answer may have been lost. */
async function repeated(tx: Tx, token: RegistrationToken, key: string): Promise<Worker> {
  const worker = await tx.workers.find(token.usedBy);
  if (worker?.keyFingerprint !== key || worker.revoked) throw used(token);
  return worker;
}

/** Ids of the pools asked for by name or id: all of the token's when none is. */
async function poolsOf(tx: Tx, token: RegistrationToken, asked: readonly string[]): Promise<string[]> {
  if (asked.length === 0) return token.poolIds;
  const ids: string[] = [];
  for (const pool of asked) {
    const found = (await tx.pools.get(token.spaceId, pool)) ?? (await tx.pools.byName(token.spaceId, pool));
    if (found === undefined || !token.poolIds.includes(found.id)) {
      throw new AppError('forbidden', `token ${token.id} is not for worker pool "${pool}"`, {
        fields: [{ field: 'pools', value: pool, expected: 'pools that the token was made for' }],
      });
    }
    if (!ids.includes(found.id)) ids.push(found.id);
  }
  return ids;
}
