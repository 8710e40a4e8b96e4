/**
 * The certificate authority of a stage's server, taken out of its store: for
 * peers that have a right certificate, or almost one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import openDatabase from 'better-sqlite3';

import { createKey, createRequest, issueCertificate, type Authority } from '@longshore/protocol/certificates';
import type { OwnIdentity } from '@longshore/protocol/credentials';
import type { Role } from '@longshore/protocol/identity';

import { decodeMasterKey } from '../../packages/server/src/config.ts';
import { createSealer } from '../../packages/server/src/store/sealer.ts';
import type { Stage } from './stage.ts';

const HOUR_MS = 60 * 60_000;

/** Of a stage on SQLite. */
export function authorityOf(stage: Stage): Authority {
  const dataDir = stage.servers[0]?.dataDir ?? '';
  const database = openDatabase(join(dataDir, 'longshore.db'), { readonly: true, fileMustExist: true });
  try {
    const row = database.prepare('SELECT certificate_pem, sealed_key FROM authority').get() as {
      certificate_pem: string;
      sealed_key: string;
    };
    const masterKey = decodeMasterKey(readFileSync(join(dataDir, 'master.key'), 'utf8'));
    if (masterKey === undefined) throw new Error('the master key of the stage can not be read');
    const keyPem = createSealer(masterKey).open(row.sealed_key, 'authority');
    return { certificatePem: row.certificate_pem, keyPem };
  } finally {
    database.close();
  }
}

/** A certificate of that authority for a key of its own; valid from `from` on (milliseconds since the epoch), for an hour. */
export function certified(authority: Authority, role: Role, id: string, from = Date.now()): OwnIdentity {
  const keyPem = createKey();
  const request = { csrDer: createRequest(keyPem), subject: { role, id } };
  const { chainPem } = issueCertificate(authority, request, { now: from, lifetimeMs: HOUR_MS });
  return { chainPem, keyPem };
}
