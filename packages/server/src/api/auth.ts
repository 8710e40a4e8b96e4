/**
 * Every call needs an API key, but for the routes marked `open`. Default deny:
 * a route that nobody marked needs one, also one that does not exist.
 *
 * An address that showed wrong keys too often is barred, and then answered
 * without a look into the database. That never bars a key that works: behind a
 * reverse proxy, or a company's one way out, guesses and people have the same
 * address.
 */
import { AppError, isCode, notFound, type Clock } from '@longshore/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';

import type { ApiKeys } from '../app/machines/api-keys.ts';
import { AUTH_FAILURE_ADDRESSES, AUTH_FAILURE_WINDOW_MS, AUTH_FAILURES_PER_WINDOW } from '../limits.ts';
import type { ApiApp } from './app.ts';

export interface KeyCheck {
  apiKeys: ApiKeys;
  clock: Clock;
  /** This connection's peer has a key that works. */
  known: (socket: Socket) => void;
  /** A request showed none. */
  refused: (() => void) | undefined;
}

export function requireKeys(app: ApiApp, { apiKeys, clock, known, refused }: KeyCheck): void {
  const failures = new Failures(clock);
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.routeOptions.config.open === true) return;
    const text = keyIn(request);
    if (!apiKeys.wasGood(text)) {
      const waitMs = failures.barredFor(request.ip);
      if (waitMs > 0 && !(await apiKeys.mayWork(text))) {
        refused?.();
        void reply.header('retry-after', Math.ceil(waitMs / 1000));
        throw new AppError(
          'tooMany',
          'Too many calls from this address without an API key that works; wait a while',
        );
      }
    }
    try {
      const key = await apiKeys.authenticate(text);
      request.caller = { spaceId: key.spaceId, actor: key.name, keyId: key.id };
      known(request.raw.socket);
    } catch (thrown) {
      if (isCode(thrown, 'unauthenticated')) {
        failures.add(request.ip);
        refused?.();
        void reply.header('www-authenticate', 'Bearer');
      }
      throw thrown;
    }
    const { space } = request.params as { space?: string };
    if (space !== undefined && space !== request.caller.spaceId) throw notFound('space', space);
  });
}

function keyIn({ headers }: FastifyRequest): string {
  const own = headers['x-longshore-api-key'];
  if (typeof own === 'string') return own;
  const [scheme, text] = (headers.authorization ?? '').split(' ', 2);
  return scheme?.toLowerCase() === 'bearer' ? (text ?? '') : '';
}

/** Counts failed authentications an address, in windows. */
class Failures {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, { count: number; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until it may try again. */
  barredFor(address: string): number {
    const entry = this.#byAddress.get(address);
    if (entry === undefined || entry.count < AUTH_FAILURES_PER_WINDOW) return 0;
    return Math.max(0, entry.until - this.#clock.monotonic());
  }

  add(address: string): void {
    const now = this.#clock.monotonic();
    const entry = this.#byAddress.get(address);
    if (entry !== undefined && now < entry.until) {
      entry.count++;
      return;
    }
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { count: 1, until: now + AUTH_FAILURE_WINDOW_MS });
    if (this.#byAddress.size <= AUTH_FAILURE_ADDRESSES) return;
    const [oldest] = this.#byAddress.keys();
    if (oldest !== undefined) this.#byAddress.delete(oldest);
  }
}
