/** `--var`, `--secret`, `--env`: `NAME=VALUE`, `NAME=@FILE`, or `NAME` alone for the value of that name in the environment. */
import { readFileSync } from 'node:fs';

import { invalid, toError } from '@longshore/base';

export interface Assignment {
  name: string;
  value: string;
}

/**
 * `@@` at the start of a value stands for one `@`.
 *
 * @param secret keeps the value out of the error
 */
export function readAssignment(
  text: string,
  flag: string,
  { env, secret = false }: { env: NodeJS.ProcessEnv; secret?: boolean },
): Assignment {
  const equals = text.indexOf('=');
  if (equals === 0) throw invalid(flag, secret ? '=…' : text, 'a name before the "="');
  if (equals === -1) {
    const value = Object.hasOwn(env, text) ? env[text] : undefined;
    if (value === undefined)
      throw invalid(
        flag,
        secret ? '…' : text,
        'NAME=VALUE, NAME=@FILE, or the NAME of a variable that is set here',
      );
    return { name: text, value };
  }
  const name = text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (value.startsWith('@@')) return { name, value: value.slice(1) };
  if (value.startsWith('@')) return { name, value: fileValue(value.slice(1), `${flag} ${name}`) };
  return { name, value };
}

/** Without the newline that editors and `echo` put at a file's end. */
function fileValue(path: string, flag: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(readFileSync(path))
      .replace(/\r?\n$/, '');
  } catch (thrown) {
    throw invalid(flag, `@${path}`, `a file of UTF-8 text that can be read (${toError(thrown).message})`);
  }
}
