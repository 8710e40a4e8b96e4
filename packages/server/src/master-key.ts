/**
 * Which key is the store's, and giving it another one.
 *
 *   master.key.next written ─▶ store resealed, one commit ─▶ renamed to master.key
 *
 * Always true: the store's check value decides. Whatever a crash leaves, the
 * next start, or the next try, finds the key that opens the store: before the
 * commit `master.key` is that, and `master.key.next` is thrown away; after it
 * `master.key.next` is, and takes the other one's place.
 */
import { randomBytes } from 'node:crypto';

import { AppError, Scope, silentLogger, sleep, systemClock } from '@longshore/base';

import { DEFAULT_SPACE } from './app/machines/bootstrap.ts';
import { decodeMasterKey, type ServerConfig } from './config.ts';
import { DataDirectory } from './data-directory.ts';
import { NODE_DEAD_AFTER_MS } from './limits.ts';
import { openDatabaseAlone } from './open-alone.ts';
import { auditRepository } from './store/audit.ts';
import type { Database } from './store/db.ts';
import { migrate } from './store/migrate.ts';
import { MIGRATIONS } from './store/repositories.ts';
import { resealStore } from './store/reseal.ts';
import { checkMasterKey, isMasterKey, isSealed, MASTER_KEY_BYTES } from './store/sealer.ts';
import { beatsOfNodes, buryStillNodes } from './store/still-nodes.ts';

/** The key that opens this store, of the configuration or of the data directory. @throws AppError `forbidden` */
export async function openMasterKey(
  config: Pick<ServerConfig, 'masterKey'>,
  { directory, database }: { directory: DataDirectory; database: Database },
): Promise<Buffer> {
  const sealed = await isSealed(database);
  const isRight = (key: Buffer): Promise<boolean> => database.read((sql) => isMasterKey(sql, key));
  const given = config.masterKey === undefined ? undefined : decodeMasterKey(config.masterKey);
  if (given === undefined && sealed) await directory.settleMasterKey(isRight);
  const key = given ?? (await directory.masterKey({ sealed }));
  await checkMasterKey(database, key);
  return key;
}

/** Where a rotation is; tests kill the process there. */
export type RotationPoint = 'keyWritten' | 'resealed' | 'committed' | 'renamed';

export interface RotationOptions {
  say: (text: string) => void;
  at?: (point: RotationPoint) => void;
  /** How long a node's beat stands still before it counts as dead. */
  deadAfterMs?: number;
}

/** @throws AppError `conflict` while a server runs, `forbidden` with the wrong key, `invalid` without the new one */
export async function rotateMasterKey(config: ServerConfig, options: RotationOptions): Promise<void> {
  const scope = new Scope();
  try {
    const directory = DataDirectory.open(config.dataDir);
    scope.add('the data directory', () => directory.close());
    const database = await openDatabaseAlone(config, directory);
    scope.add('the database', () => database.close());
    await migrate(database, MIGRATIONS, { logger: silentLogger, now: () => systemClock.now() });
    if (!(await isSealed(database)))
      throw new AppError('conflict', 'nothing is sealed yet: the first start of the server makes its key');
    await rotate({ config, directory, database }, options);
  } finally {
    await scope.close();
  }
}

interface Opened {
  config: ServerConfig;
  directory: DataDirectory;
  database: Database;
}

async function rotate({ config, directory, database }: Opened, options: RotationOptions): Promise<void> {
  const { say, at = () => undefined, deadAfterMs = NODE_DEAD_AFTER_MS } = options;
  const given = config.newMasterKey === undefined ? undefined : decodeMasterKey(config.newMasterKey);
  if (given !== undefined && (await database.read((sql) => isMasterKey(sql, given)))) {
    if (config.masterKey === undefined) await directory.settleMasterKey(async (key) => key.equals(given));
    say('The store is sealed with the new master key already: nothing is left to do.\n');
    return;
  }
  const from = await openMasterKey(config, { directory, database });
  const inFile = config.masterKey === undefined;
  const to = newKey(given, inFile);
  const before = await database.read(beatsOfNodes);
  // The embedded store's server would hold the lock of the data directory.
  if (database.dialect === 'postgres' && before.size > 0) {
    say(`Seeing for ${deadAfterMs / 1000} s whether a server node runs: ${[...before.keys()].join(', ')}\n`);
    await sleep(systemClock, deadAfterMs);
  }
  if (inFile) await directory.writeNextMasterKey(to);
  at('keyWritten');
  const values = await resealStore(database, {
    ...{ from, to },
    allowed: (sql) => buryStillNodes(sql, before),
    async last(sql, count) {
      await auditRepository(sql).append(DEFAULT_SPACE, {
        ...{ time: systemClock.now(), actor: 'server', action: 'masterKey.rotated' },
        ...{ subject: 'master-key', detail: { values: count } },
      });
      at('resealed');
    },
  });
  at('committed');
  if (inFile) await directory.adoptNextMasterKey();
  at('renamed');
  say(
    `Sealed ${values} value(s) anew with the new master key${inFile ? ` in ${directory.masterKeyFile}` : ''}.\n` +
      (database.dialect === 'postgres' ? 'Give it to all server nodes before they start.\n' : '') +
      'What was copied or backed up before opens with the old key still.\n',
  );
}

function newKey(given: Buffer | undefined, inFile: boolean): Buffer {
  if (given !== undefined) return given;
  if (inFile) return randomBytes(MASTER_KEY_BYTES);
  throw new AppError(
    'invalid',
    'the master key comes from the configuration, so the new one has to come from there too: --new-master-key-file, or LONGSHORE_NEW_MASTER_KEY',
    { fields: [{ field: 'newMasterKey', expected: '32 bytes as base64 or hex' }] },
  );
}
