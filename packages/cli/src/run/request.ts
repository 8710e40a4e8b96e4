/** The flags of `longshore run` as the body of `POST /tasks`. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import { invalid, toError } from '@longshore/base';

import { limits } from '../limits.ts';
import type { CreateTask } from '../shapes.ts';
import { readAssignment } from './assignments.ts';
import { readScript, type Interpreter } from './script-source.ts';

export interface RunFlags {
  script?: string;
  interpreter?: Interpreter;
  pool?: string;
  worker?: string[];
  name?: string;
  exclusive?: boolean;
  var?: string[];
  secret?: string[];
  env?: string[];
  arg?: string[];
  file?: string[];
  tool?: string[];
  tty?: boolean;
  timeout?: number;
  grace?: number;
  mutex?: string;
  runAs?: string;
  maxProcesses?: number;
  largestLog?: number;
}

export interface Surroundings {
  env: NodeJS.ProcessEnv;
  stdin: AsyncIterable<Buffer | string>;
  terminal: { columns: number; rows: number };
}

export async function taskRequest(
  file: string | undefined,
  flags: RunFlags,
  around: Surroundings,
): Promise<CreateTask> {
  if (flags.pool !== undefined && flags.worker !== undefined)
    throw invalid(
      '--worker',
      flags.worker.join(', '),
      'no --pool beside it: a worker is named, or chosen from a pool',
    );
  const source = await readScript(file, { ...flags, stdin: around.stdin });
  const assigned = (
    flag: string,
    texts: string[] | undefined,
    secret = false,
  ): { name: string; value: string }[] =>
    (texts ?? []).map((text) => readAssignment(text, flag, { env: around.env, secret }));
  return {
    name: flags.name ?? source.name,
    leaseMode: flags.exclusive === true ? 'exclusive' : 'shared',
    script: {
      interpreter: source.interpreter,
      body: source.body,
      arguments: flags.arg ?? [],
      environment: Object.fromEntries(assigned('--env', flags.env).map(({ name, value }) => [name, value])),
      variables: [
        ...assigned('--var', flags.var).map((variable) => ({ ...variable, sensitive: false })),
        ...assigned('--secret', flags.secret, true).map((variable) => ({ ...variable, sensitive: true })),
      ],
      files: (flags.file ?? []).map(readFile),
      ...(flags.grace === undefined ? {} : { graceMs: flags.grace }),
      ...(flags.mutex === undefined ? {} : { isolation: readMutex(flags.mutex) }),
      ...(flags.tty === true ? { terminal: around.terminal } : {}),
      ...(flags.runAs === undefined ? {} : { runAs: flags.runAs }),
      ...(flags.maxProcesses === undefined ? {} : { maxProcesses: flags.maxProcesses }),
      ...(flags.largestLog === undefined ? {} : { largestLogBytes: flags.largestLog }),
    },
    ...(flags.pool === undefined ? {} : { pool: flags.pool }),
    ...(flags.worker === undefined ? {} : { workers: flags.worker }),
    ...(flags.tool === undefined ? {} : { tools: flags.tool }),
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
  };
}

/** `NAME`, `NAME:writer` (alone) or `NAME:reader` (beside other readers). */
export function readMutex(text: string): { name: string; mode: 'reader' | 'writer' } {
  const [, name = '', mode = 'writer'] = /^(.*?)(?::(reader|writer))?$/s.exec(text) ?? [];
  if (name === '') throw invalid('--mutex', text, 'a name, then :reader or :writer if you like');
  return { name, mode: mode === 'reader' ? 'reader' : 'writer' };
}

function readFile(path: string): { name: string; contentBase64: string; executable: boolean } {
  try {
    const { mode, size } = statSync(path);
    if (size > limits.fileBytes)
      throw new Error(`it has ${size} bytes, and ${limits.fileBytes} are the most`);
    return {
      name: basename(path),
      contentBase64: readFileSync(path).toString('base64'),
      executable: (mode & 0o100) !== 0,
    };
  } catch (thrown) {
    throw invalid('--file', path, `a file that can be sent (${toError(thrown).message})`);
  }
}
