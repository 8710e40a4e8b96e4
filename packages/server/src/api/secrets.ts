/** Secrets made and hashed with node:crypto. What a token's text holds beside its secret is known to the links. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import type { Secrets } from '../app/ports/secrets.ts';

/** A short text for a long one, another for another: SHA-256. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

export function createSecrets(): Omit<Secrets, 'tokenText'> {
  return {
    make: () => randomBytes(32).toString('base64url'),
    hash: (secret) => createHash('sha256').update(Buffer.from(secret, 'base64url')).digest('hex'),
    same(a, b) {
      const left = Buffer.from(a);
      const right = Buffer.from(b);
      return left.length === right.length && timingSafeEqual(left, right);
    },
  };
}
