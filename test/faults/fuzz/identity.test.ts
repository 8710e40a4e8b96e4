/** What proves who somebody is, and what seals: DER, certificates and their chains, requests, sealed values, the master key. */
import { X509Certificate } from 'node:crypto';

import { expect } from '@jest/globals';

import {
  checkIssued,
  createAuthority,
  createKey,
  createRequest,
  issueCertificate,
  requestKey,
} from '@longshore/protocol/certificates';
import { readAll, readInside, TAG } from '@longshore/protocol/der';
import { identityOf, keyFingerprint } from '@longshore/protocol/identity';
import { joinChain, splitChain } from '@longshore/protocol/pem';
import { decodeMasterKey } from '@longshore/server/config';
import { createSealer } from '@longshore/server/store/sealer';

import { fuzzEach, type FuzzTarget, texts } from './target.ts';

const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const validity = { now: Date.now(), lifetimeMs: 86_400_000 };
const authority = createAuthority('the authority', validity);
const keyPem = createKey();
const subject = { role: 'agent' as const, id: ID };
const { chainPem } = issueCertificate(authority, { csrDer: createRequest(keyPem), subject }, validity);
const leafDer = new X509Certificate(splitChain(chainPem)[0] ?? '').raw;
const expected = {
  ...{ keyPem, role: 'agent' as const, id: ID },
  authorityFingerprint: keyFingerprint(new X509Certificate(authority.certificatePem).publicKey),
};

const sealer = createSealer(Buffer.alloc(32, 5));
const key = Buffer.alloc(32, 0xfb);

const TARGETS: FuzzTarget[] = [
  {
    name: 'DER',
    corpus: [leafDer, createRequest(keyPem)],
    cost: 2,
    read(input) {
      const elements = readAll(input);
      expect(Buffer.concat(elements.map(({ whole }) => whole))).toEqual(input);
      const inside = readInside(input, TAG.sequence);
      expect(Buffer.concat(inside.map(({ whole }) => whole))).toEqual(elements[0]?.content);
    },
  },
  {
    name: 'certificate requests',
    corpus: [createRequest(createKey())],
    cost: 2,
    // Taken only if it is signed by the key that it names: a change that is taken changed nothing that counts.
    read: (input) => expect(requestKey(input).type).toBe('public'),
  },
  {
    name: 'certificates',
    corpus: [leafDer],
    cost: 3,
    read(input) {
      const certificate = new X509Certificate(input);
      const identity = identityOf(certificate);
      if (identity === undefined) return 'nobody';
      expect(identity.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      expect(identity.keyFingerprint).toMatch(/^[0-9a-f]{64}$/);
      return identity.role;
    },
    // OpenSSL's own refusals: TLS has had the certificate before us, and verified it.
    mayThrow: (error) => 'code' in error && String(error.code).startsWith('ERR_OSSL'),
  },
  {
    name: 'chains of certificates',
    corpus: texts(chainPem, authority.certificatePem),
    words: ['-----BEGIN CERTIFICATE-----\n', '-----END CERTIFICATE-----\n', 'AAAA'],
    cost: 5,
    read(input) {
      const text = input.toString();
      const parts = splitChain(text);
      expect(splitChain(joinChain(parts)).map((part) => part.trim())).toEqual(
        parts.map((part) => part.trim()),
      );
      // What is taken says the very same as what was issued.
      checkIssued(text, expected);
      expect(new X509Certificate(parts[0] ?? '').raw).toEqual(leafDer);
    },
  },
  {
    name: 'sealed values',
    corpus: texts(sealer.seal('hunter2-secret', 'a place'), 'v1.', 'v1.AAAA'),
    read(input) {
      try {
        expect(sealer.open(input.toString(), 'a place')).toBe('hunter2-secret');
      } catch (thrown) {
        expect(JSON.stringify([(thrown as Error).message, thrown])).not.toContain('hunter2');
        throw thrown;
      }
      // Elsewhere it does not open.
      expect(() => sealer.open(input.toString(), 'another place')).toThrow('does not open');
    },
  },
  {
    name: 'master keys',
    corpus: texts(key.toString('base64'), key.toString('hex'), key.toString('base64url'), '\n'),
    words: ['=', ' ', '-', '+'],
    read(input) {
      const found = decodeMasterKey(input.toString());
      if (found === undefined) return 'none';
      expect(found).toHaveLength(32);
      expect(decodeMasterKey(found.toString('base64'))).toEqual(found);
      return 'key';
    },
  },
];

fuzzEach(TARGETS);
