/**
 * What an agent signs to get a new certificate when its old one expired while
 * it was away: the server's nonce and its request, with the registered key.
 */
import { createPrivateKey, sign, verify, type KeyObject } from 'node:crypto';

function statement(nonce: Uint8Array, csrDer: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(nonce.length);
  return Buffer.concat([Buffer.from('longshore renewal 1\0'), length, nonce, csrDer]);
}

export function signRenewal(keyPem: string, nonce: Uint8Array, csrDer: Uint8Array): Buffer {
  return sign('sha256', statement(nonce, csrDer), createPrivateKey(keyPem));
}

export function verifyRenewal(
  key: KeyObject,
  signature: Uint8Array,
  { nonce, csrDer }: { nonce: Uint8Array; csrDer: Uint8Array },
): boolean {
  return verify('sha256', statement(nonce, csrDer), key, signature);
}
