/**
 * Seals everything in the store with another master key, in one transaction:
 * afterwards all of it opens with the new key, or nothing has changed.
 *
 * Always true: the store's check value changes in that same transaction, so
 * that it alone says which key is the store's. A node that starts meanwhile
 * waits for the transaction, and is refused then if it has the old key.
 */
import { AppError } from '@longshore/base';

import { RESEALED_ROWS_A_PAGE } from '../limits.ts';
import type { Database, Sql } from './db.ts';
import { createSealer, isMasterKey, setMasterKey } from './sealer.ts';
import { SEALED_PLACES, type RowKey, type SealedPlace } from './sealed-places.ts';

export interface ResealOptions {
  from: Buffer;
  to: Buffer;
  /** Within the transaction, ahead of everything: throws when the store must not be touched. */
  allowed: (sql: Sql) => Promise<void>;
  /** Within the transaction, after everything. */
  last: (sql: Sql, values: number) => Promise<void>;
  places?: readonly SealedPlace[];
}

/** @returns how many values were sealed anew. @throws AppError when one does not open, or `allowed` says no */
export async function resealStore(database: Database, options: ResealOptions): Promise<number> {
  const { from, to, places = SEALED_PLACES } = options;
  const [before, after] = [createSealer(from), createSealer(to)];
  return database.alone(async (sql) => {
    if (!(await isMasterKey(sql, from)))
      throw new AppError('forbidden', 'the store was sealed with another master key than the one to replace');
    await options.allowed(sql);
    let values = 0;
    const reseal = (sealed: string, context: string): string => {
      values += 1;
      return after.seal(before.open(sealed, context), context);
    };
    for (const place of places) {
      for (let last: RowKey | null = null; ;) {
        const keys: RowKey[] = await place.keys(sql, last, RESEALED_ROWS_A_PAGE);
        for (const key of keys) await place.reseal(sql, key, reseal);
        last = keys.at(-1) ?? null;
        if (last === null) break;
      }
    }
    await setMasterKey(sql, to);
    await options.last(sql, values);
    return values;
  });
}
