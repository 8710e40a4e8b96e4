/** The machine's users, for `runAs`. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

import { AppError } from '@longshore/base';

export interface UserFacts {
  name: string;
  uid: number;
  gid: number;
  /** Its further groups. */
  groups: number[];
  home: string;
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\$?$/;

/**
 * Null for the host's own user.
 *
 * @throws AppError `invalid` for a name that can't be, `notFound` for a user that is not there
 */
export function userNamed(name: string): UserFacts | null {
  if (name === '') return null;
  if (!NAME.test(name)) throw new AppError('invalid', `runAs: ${JSON.stringify(name)} is not a user name`);
  const line = passwdLine(name);
  if (line === null) throw new AppError('notFound', `runAs: this machine has no user "${name}"`);
  const [, , uid, gid, , home = '/'] = line.split(':');
  const user = { name, uid: Number(uid), gid: Number(gid), groups: groupsOf(name), home };
  return user.uid === userInfo().uid ? null : user;
}

/** /etc/passwd first; directories such as LDAP answer through getent only. */
function passwdLine(name: string): string | null {
  const local = lines('/etc/passwd').find((line) => line.startsWith(`${name}:`));
  if (local !== undefined) return local;
  try {
    return execFileSync('getent', ['passwd', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

function groupsOf(name: string): number[] {
  const found: number[] = [];
  for (const line of lines('/etc/group')) {
    const [, , gid, members = ''] = line.split(':');
    if (members.split(',').includes(name)) found.push(Number(gid));
  }
  return found;
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
