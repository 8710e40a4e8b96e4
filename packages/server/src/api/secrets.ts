/** Secrets made and hashed with node:crypto; the text of a token is protocol's. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { encodeToken } from '@longshore/protocol/token';

import type { Secrets } from '../app/ports/secrets.ts';

/** What a token says of the server: known when its authority and its agent port are there. */
export interface TokenOrigin {
  /** SHA-256 of the authority's SubjectPublicKeyInfo, hex. */
  authorityFingerprint: string;
  /** host:port that agents dial. */
  server: string;
}

export function createSecrets(origin: () => TokenOrigin | Promise<TokenOrigin>): Secrets {
  return {
    make: () => randomBytes(32).toString('base64url'),
    hash: (secret) => createHash('sha256').update(Buffer.from(secret, 'base64url')).digest('hex'),
    same(a, b) {
      const left = Buffer.from(a);
      const right = Buffer.from(b);
      return left.length === right.length && timingSafeEqual(left, right);
    },
    tokenText: async ({ id, secret }) =>
      encodeToken({ id, secret: Buffer.from(secret, 'base64url'), ...(await origin()) }),
  };
}
