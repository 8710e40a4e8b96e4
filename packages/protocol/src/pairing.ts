/**
 * Pairing a listening agent, where the agent can't reach the server first.
 * The pairing string gives the server the agent's address, its key's
 * fingerprint and a one-time secret. Each side then proves the secret over
 * both nonces and *both TLS keys*, as it saw them itself: whoever stood in
 * between would have shown another key to each side.
 *
 *   server ──Begin(nonce, keys, authority, proof)──▶ agent    TLS: the agent's key is pinned, the server shows its certificate
 *   server ◀──(nonce, CSR, proof)─────────────────── agent
 *   server ──Complete(id, certificate, proof)──────▶ agent    from here on an agent like any other
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { parseAddress } from './address.ts';
import { decodeChecked, encodeChecked, fieldOfLength } from './checked-text.ts';

export interface PairingText {
  /** host:port of the agent. */
  address: string;
  /** SHA-256 of the agent's SubjectPublicKeyInfo, hex. */
  keyFingerprint: string;
  secret: Buffer;
}

export const PAIRING_SECRET_BYTES = 32;
export const PAIRING_NONCE_BYTES = 32;
const KIND = { prefix: 'lsp_', what: 'pairing string' };

export function encodePairing(pairing: PairingText): string {
  return encodeChecked(KIND, [
    Buffer.from(pairing.keyFingerprint, 'hex'),
    pairing.secret,
    Buffer.from(pairing.address),
  ]);
}

/** @throws AppError `invalid`, which never shows the text */
export function parsePairing(text: string): PairingText {
  const [fingerprint, secret, address] = decodeChecked(KIND, text, 3);
  const pairing = {
    keyFingerprint: fieldOfLength(KIND, fingerprint, 32).toString('hex'),
    secret: fieldOfLength(KIND, secret, PAIRING_SECRET_BYTES),
    address: String(address),
  };
  parseAddress(pairing.address, 'address of the pairing string');
  return pairing;
}

/** What both sides know by the time of a proof; each takes the keys from its own TLS handshake. */
export interface PairingTranscript {
  serverNonce: Uint8Array;
  /** Fingerprints, hex. */
  serverKey: string;
  agentKey: string;
  authorityPem: string;
}

/** By the server, first. */
export function beginProof(secret: Uint8Array, t: PairingTranscript): Buffer {
  return proof(secret, 'longshore pairing 1: server begins', [...common(t)]);
}

/** By the agent, in answer. */
export function answerProof(
  secret: Uint8Array,
  t: PairingTranscript,
  answer: { agentNonce: Uint8Array; csrDer: Uint8Array },
): Buffer {
  return proof(secret, 'longshore pairing 1: agent answers', [
    ...common(t),
    answer.agentNonce,
    sha256(answer.csrDer),
  ]);
}

/** By the server, last. */
export function completeProof(
  secret: Uint8Array,
  t: PairingTranscript,
  end: { agentNonce: Uint8Array; agentId: string; chainPem: string },
): Buffer {
  const parts = [...common(t), end.agentNonce, Buffer.from(end.agentId), sha256(Buffer.from(end.chainPem))];
  return proof(secret, 'longshore pairing 1: server completes', parts);
}

/** In constant time for proofs of equal length. */
export function sameProof(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function common(t: PairingTranscript): Uint8Array[] {
  return [
    t.serverNonce,
    Buffer.from(t.serverKey, 'hex'),
    Buffer.from(t.agentKey, 'hex'),
    sha256(Buffer.from(t.authorityPem)),
  ];
}

/** Each part with its length before it, so that no two transcripts read the same. */
function proof(secret: Uint8Array, label: string, parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sha256', secret);
  for (const part of [Buffer.from(label), ...parts]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    mac.update(length).update(part);
  }
  return mac.digest();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
