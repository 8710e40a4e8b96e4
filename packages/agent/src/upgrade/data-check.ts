/**
 * Reads a data directory as a link of this version would: who we are, the
 * session tickets, every attempt. Changes nothing.
 *
 * @throws AppError that names what this version can't read
 */
import { AppError } from '@longshore/base';

import { readHostRecords } from '../contract/host-record.ts';
import { workspacePaths } from '../contract/workspace.ts';
import { LocalAttempt } from '../engine/local-attempt.ts';
import { Tickets } from '../engine/tickets.ts';
import { listWorkspaces, readState } from '../engine/workspace-files.ts';
import { IdentityStore } from '../links/identity-store.ts';
import { readSettings } from '../links/settings-file.ts';

export function readDataDirectory(dataDir: string): { attempts: number; hosts: number } {
  if (new IdentityStore(dataDir).load() === undefined)
    throw new AppError('corrupt', `no identity is found in ${dataDir}`);
  readSettings(dataDir);
  new Tickets(dataDir).all();
  let attempts = 0;
  for (const id of listWorkspaces(dataDir)) {
    const state = readState(workspacePaths(dataDir, id));
    if (state === undefined) continue;
    if (state.attemptId !== id) throw new AppError('corrupt', `the state of attempt ${id} can't be read`);
    new LocalAttempt(dataDir, state).readOutcome();
    attempts += 1;
  }
  return { attempts, hosts: readHostRecords(dataDir).length };
}
