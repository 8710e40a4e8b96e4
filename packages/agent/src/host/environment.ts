/**
 * The environment of a script, from scratch: what the host was started with is
 * not inherited, but for a few names that any program needs to know where it is.
 */
import { userInfo } from 'node:os';

import type { UserFacts } from '../machine/users.ts';

/** What passes from the host's environment, where it is set. */
const PASSED = [
  'PATH',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TERM',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'SystemRoot',
];

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

let ofHost: Record<string, string> | undefined;

/** @param user whom the script runs as; null is the host's own */
export function scriptEnvironment(user: UserFacts | null): Record<string, string> {
  ofHost ??= passedOn();
  if (user === null) return ofHost;
  return { ...ofHost, HOME: user.home, USER: user.name, LOGNAME: user.name };
}

function passedOn(): Record<string, string> {
  const user = userInfo();
  const passed: Record<string, string> = {
    PATH: DEFAULT_PATH,
    LANG: 'C.UTF-8',
    HOME: user.homedir,
    USER: user.username,
    LOGNAME: user.username,
    ...(user.shell === null ? {} : { SHELL: user.shell }),
  };
  for (const name of PASSED) {
    const value = process.env[name];
    if (value !== undefined && value !== '') passed[name] = value;
  }
  return passed;
}
