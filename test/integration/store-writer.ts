/** A process of its own that commits without end and says which commits are durable; the test kills it. */
import { silentLogger } from '@longshore/base';
import { openSqlite } from '@longshore/server/store/sqlite';

const path = process.argv[2] ?? '';
const failed = (): void => process.exit(1);
const database = await openSqlite({ path, logger: silentLogger, events: { failed } });
await database.alone((sql) => sql.run('CREATE TABLE IF NOT EXISTS acks (n BIGINT NOT NULL PRIMARY KEY)'));
for (let n = 0; ; n += 10) {
  const group = Array.from({ length: 10 }, async (_, i) => {
    const { durable } = await database.transact((sql) => sql.run('INSERT INTO acks (n) VALUES (?)', n + i));
    await durable;
    process.stdout.write(`${n + i}\n`);
  });
  await Promise.all(group);
}
