/** The store that `app` sees, over either database. A Tx is made once for each connection: a transaction costs none. */
import { silentLogger, systemClock, type Logger } from '@longshore/base';

import type { Store, Topic, Tx } from '../app/ports/store.ts';
import type { Database, Sql } from './db.ts';
import { putMeta, storeGeneration } from './meta.ts';
import { Outage } from './outage.ts';

/** What is written to see whether anything can be. */
const TRIED_AT = 'triedAt';

/** @param repositories the repositories over one connection; see `repositories.ts` */
export async function createStore(
  database: Database,
  repositories: (sql: Sql) => Tx,
  { logger = silentLogger }: { logger?: Logger } = {},
): Promise<Store> {
  const generation = await database.alone(storeGeneration);
  const outage = new Outage({
    async attempt() {
      const { durable } = await database.transact((sql) => putMeta(sql, TRIED_AT, String(systemClock.now())));
      await durable;
    },
    clock: systemClock,
    logger,
  });
  const txs = new WeakMap<Sql, Tx>();
  const sqls = new WeakMap<Tx, Sql>();
  const txOf = (sql: Sql): Tx => {
    let tx = txs.get(sql);
    if (tx === undefined) {
      tx = repositories(sql);
      txs.set(sql, tx);
      sqls.set(tx, sql);
    }
    return tx;
  };
  return {
    dialect: database.dialect,
    generation,
    async write<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
      const { value, durable } = await outage.watch(database.transact((sql) => body(txOf(sql))));
      await durable;
      return value;
    },
    commit: (body) => outage.watch(database.transact((sql) => body(txOf(sql)))),
    get out() {
      return outage.why;
    },
    recovered: () => outage.over(),
    read: (body) => database.read((sql) => body(txOf(sql))),
    durable: () => database.durable(),
    announce(tx: Tx, topic: Topic, id: string): void {
      const sql = sqls.get(tx);
      if (sql !== undefined) database.notify(sql, topic, id);
    },
    listen: (topic, heard) => database.listen(topic, heard),
    async close() {
      outage.close();
      await database.close();
    },
  };
}
