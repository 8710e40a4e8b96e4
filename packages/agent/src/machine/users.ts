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

/** Of a user or a group: 32 bits. */
const IS_ID = /^\d{1,10}$/;

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
  const user = { ...parsePasswd(line, name), groups: groupsIn(lines('/etc/group'), name) };
  return user.uid === userInfo().uid ? null : user;
}

/**
 * A line of passwd(5). A number that is missing is none: 0 would be root.
 *
 * @throws AppError `corrupt`
 */
export function parsePasswd(line: string, name: string): Omit<UserFacts, 'groups'> {
  const [, , uid = '', gid = '', , home = ''] = line.split(':');
  if (!IS_ID.test(uid) || !IS_ID.test(gid))
    throw new AppError(
      'corrupt',
      `runAs: the entry of user "${name}" has no numbers for the user and its group`,
    );
  return { name, uid: Number(uid), gid: Number(gid), home: home === '' ? '/' : home };
}

/** Of the lines of group(5): those that name the user. */
export function groupsIn(groups: readonly string[], name: string): number[] {
  return groups.flatMap((line) => {
    const [, , gid = '', members = ''] = line.split(':');
    return IS_ID.test(gid) && members.split(',').includes(name) ? [Number(gid)] : [];
  });
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

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
