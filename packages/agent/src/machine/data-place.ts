/**
 * Where a data directory was made, in `place.json`: so that a copy knows that
 * it is one. What a copy brought along of the original's script hosts is not
 * its own: their records and locks go, and attempts that they had are the
 * original's to finish.
 *
 * Always true: a copy says so in each Hello until a server lets it in, by its
 * operator's word. A directory that was only renamed, or is mounted again,
 * is no copy.
 */
import {
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { isErrno } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

import { hostsFolder } from '../contract/host-record.ts';

const MACHINE_ID = '/etc/machine-id';

interface Place {
  path: string;
  inode: number;
  /** Empty where the system has none. */
  machineId: string;
}

interface PlaceFile extends Place {
  /** It is a copy that no server has let in yet. */
  copied: boolean;
  /** Script hosts of the original. */
  foreignHosts: string[];
}

export interface DataPlace {
  readonly copied: boolean;
  readonly foreignHosts: readonly string[];
  /** A server let it in: it is the one that goes on. */
  accepted(): void;
}

/** Call before any lock in the directory is taken: a copy's locks name the original's processes. */
export function openDataPlace(dataDir: string, here: Place = placeOf(dataDir)): DataPlace {
  const file = join(dataDir, 'place.json');
  let state = readPlace(file);
  const write = (next: PlaceFile): void => {
    state = next;
    writeFileSync(`${file}.new`, JSON.stringify(next), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  if (state === undefined) write({ ...here, copied: false, foreignHosts: [] });
  else if (isElsewhere(state, here)) write({ ...here, copied: true, foreignHosts: disown(dataDir) });
  return {
    get copied() {
      return state?.copied === true;
    },
    get foreignHosts() {
      return state?.foreignHosts ?? [];
    },
    accepted() {
      if (state?.copied === true) write({ ...state, copied: false });
    },
  };
}

/** Another machine, or neither its path nor its inode: a rename keeps the one, a new mount the other. */
function isElsewhere(made: Place, here: Place): boolean {
  if (made.machineId !== '' && here.machineId !== '' && made.machineId !== here.machineId) return true;
  return made.path !== here.path && made.inode !== here.inode;
}

/** @returns the hosts whose records were here */
function disown(dataDir: string): string[] {
  rmSync(join(dataDir, 'agent.lock'), { force: true });
  const folder = hostsFolder(dataDir);
  const names = listed(folder);
  for (const name of names) rmSync(join(folder, name), { force: true });
  return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

function placeOf(dataDir: string): Place {
  return { path: realpathSync(dataDir), inode: statSync(dataDir).ino, machineId: readMachineId() };
}

function readMachineId(): string {
  try {
    return readFileSync(MACHINE_ID, 'utf8').trim();
  } catch {
    return '';
  }
}

const PLACE: Shape<PlaceFile> = shape.fields({
  path: shape.text,
  inode: shape.number,
  machineId: shape.text,
  copied: shape.flag,
  foreignHosts: shape.list(shape.text),
});

/** @throws AppError `corrupt`: without it nobody knows whether this is a copy */
function readPlace(file: string): PlaceFile | undefined {
  try {
    return readJson(readFileSync(file, 'utf8'), PLACE, file);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
