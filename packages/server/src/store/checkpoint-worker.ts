/**
 * Thread that moves committed pages from the WAL into the database file, on a
 * connection of its own, so that the main thread never waits for it. An entry
 * of the bundle by itself. `PASSIVE` waits for nobody and holds nobody up.
 */
import { parentPort, workerData } from 'node:worker_threads';

import openDatabase from 'better-sqlite3';

import type { CheckpointReply } from './checkpoint.ts';

const { path } = workerData as { path: string };
const db = openDatabase(path);
db.pragma('synchronous = NORMAL');
db.pragma('busy_timeout = 0');
db.pragma('cache_size = -256');

parentPort?.on('message', (message: 'checkpoint' | 'close') => {
  if (message === 'close') {
    db.close();
    parentPort?.close();
    return;
  }
  let reply: CheckpointReply;
  try {
    const [row] = db.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
    reply = { frames: row?.log ?? 0, moved: row?.checkpointed ?? 0 };
  } catch (thrown) {
    reply = { error: String(thrown) };
  }
  parentPort?.postMessage(reply);
});
