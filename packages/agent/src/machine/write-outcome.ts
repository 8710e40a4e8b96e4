/**
 * Writes outcome.json, for the script host or for the link after it: temp + rename, so that it is there whole or not at all.
 * Where the disk is full, the room that the link set aside is given up for it.
 */
import { renameSync, rmSync } from 'node:fs';

import { isErrno } from '@longshore/base';

import type { OutcomeFile, WorkspacePaths } from '../contract/workspace.ts';
import { overwrite } from './overwrite.ts';

export function writeOutcome(paths: Pick<WorkspacePaths, 'outcome' | 'reserve'>, outcome: OutcomeFile): void {
  try {
    write(paths.outcome, outcome);
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
    rmSync(paths.reserve, { force: true });
    write(paths.outcome, outcome);
  }
}

function write(file: string, outcome: OutcomeFile): void {
  const temp = `${file}.new`;
  overwrite(temp, JSON.stringify(outcome), 0o600);
  renameSync(temp, file);
}
