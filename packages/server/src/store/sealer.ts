/**
 * Seals what is secret: AES-256-GCM with the master key, which is kept outside
 * of the database. `v1.` and base64url of nonce (12 bytes), ciphertext, tag
 * (16). The context is bound in, so that a sealed value moved to another place
 * does not open.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import { AppError } from '@longshore/base';

import type { Sealer } from '../app/ports/sealer.ts';
import type { Database, Sql } from './db.ts';
import { getMeta, putMeta, putMetaOnce } from './meta.ts';

const VERSION = 'v1.';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const MASTER_KEY_BYTES = 32;

export function createSealer(masterKey: Buffer): Sealer {
  if (masterKey.length !== MASTER_KEY_BYTES)
    throw new AppError('bug', `a master key of ${masterKey.length} bytes`);
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, masterKey, nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([
        nonce,
        cipher.update(plain, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return VERSION + sealed.toString('base64url');
    },
    open(sealed, context) {
      try {
        const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url');
        if (!sealed.startsWith(VERSION) || bytes.length < NONCE_BYTES + TAG_BYTES)
          throw new Error('not sealed by this version');
        const decipher = createDecipheriv(CIPHER, masterKey, bytes.subarray(0, NONCE_BYTES)).setAAD(
          Buffer.from(context),
        );
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        return (
          decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
        );
      } catch (cause) {
        throw new AppError('corrupt', `a sealed value (${context}) does not open with this master key`, {
          cause,
        });
      }
    },
  };
}

const KEY_CHECK = 'master-key-check';

/**
 * Holds the key against the store's check value; a new store takes this one.
 *
 * @throws AppError `forbidden` when the store was sealed with another key
 */
export async function checkMasterKey(database: Database, masterKey: Buffer): Promise<void> {
  const mine = checkValueOf(masterKey);
  const stored = await database.alone((sql) => putMetaOnce(sql, KEY_CHECK, mine));
  if (!timingSafeEqual(Buffer.from(stored), Buffer.from(mine))) {
    throw new AppError(
      'forbidden',
      'the store was sealed with another master key: give that one (LONGSHORE_MASTER_KEY, or master.key in the data directory)',
    );
  }
}

/** Whether this is the store's key; false of a store that has none yet. */
export async function isMasterKey(sql: Sql, masterKey: Buffer): Promise<boolean> {
  return (await getMeta(sql, KEY_CHECK)) === checkValueOf(masterKey);
}

/** From now on the store is this key's; whatever is sealed must be so with it. */
export async function setMasterKey(sql: Sql, masterKey: Buffer): Promise<void> {
  await putMeta(sql, KEY_CHECK, checkValueOf(masterKey));
}

function checkValueOf(masterKey: Buffer): string {
  return createHmac('sha256', masterKey).update('longshore master key check').digest('hex');
}

/** Whether a store has been sealed already: then a missing key must not be made anew. */
export async function isSealed(database: Database): Promise<boolean> {
  const row = await database.read((sql) => sql.get('SELECT value FROM meta WHERE key = ?', KEY_CHECK));
  return row !== undefined;
}
