/**
 * From an attempt's spec to what the runner starts: the interpreter found, the
 * variables file written, the environment built.
 *
 * Always true: the variables file and its folder are the script's user's
 * alone; nothing sensitive is in the arguments or the environment.
 */
import { chownSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Interpreter, ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { HOST_TAG } from '../contract/host-record.ts';
import { scriptFile } from '../contract/workspace.ts';
import { type UserFacts, userNamed } from '../machine/users.ts';
import { findInterpreter, prepareScript } from './bootstrap.ts';
import { scriptEnvironment } from './environment.ts';
import { letPass } from './folders.ts';

export interface LaidScript {
  /** argv[0] is an absolute path; no secret in it. */
  argv: string[];
  env: Record<string, string>;
}

export interface LayRequest {
  attemptId: string;
  hostId: string;
  spec: ScriptSpec;
  work: string;
  /** 0700, in memory where there is such a file system: for the variables file. */
  secrets: string;
  /** The laid functions of this version (helper-files.ts). */
  helpers: string;
  /** Folders that another user must pass through. */
  onTheWay: readonly string[];
}

/** @throws AppError `notFound` (interpreter, user) or `invalid` */
export function layScript(request: LayRequest): LaidScript {
  const { spec } = request;
  const user = userNamed(spec.runAs);
  const base = scriptEnvironment(user);
  const prepared = prepareScript({
    attemptId: request.attemptId,
    interpreter: spec.interpreter,
    interpreterPath: interpreterOn(spec.environment['PATH'] ?? base['PATH'] ?? '', spec.interpreter),
    scriptFile: scriptFile(request.work, spec.interpreter),
    arguments: spec.arguments,
    environment: spec.environment,
    variables: spec.variables,
    baseEnvironment: base,
    helpers: request.helpers,
    secretsFolder: request.secrets,
  });
  for (const file of prepared.files) writeFileSync(file.path, file.bytes, { mode: file.mode, flag: 'wx' });
  if (user !== null) handOver(request, user);
  prepared.env[HOST_TAG] = request.hostId;
  return { argv: prepared.argv, env: prepared.env };
}

/** Where the last search ended: looking through PATH costs more than looking once. */
const found = new Map<string, string>();

function interpreterOn(searchPath: string, interpreter: Interpreter): string {
  const key = `${interpreter} ${searchPath}`;
  const known = found.get(key);
  if (known !== undefined && statSync(known, { throwIfNoEntry: false })?.isFile() === true) return known;
  const path = findInterpreter(interpreter, searchPath);
  found.set(key, path);
  return path;
}

/** The working directory and the variables become the user's, and it can reach them. */
function handOver(request: LayRequest, user: UserFacts): void {
  for (const folder of request.onTheWay) letPass(folder);
  for (const folder of [request.work, request.secrets]) {
    chownSync(folder, user.uid, user.gid);
    // Only what we laid there ourselves: flat, and no links.
    for (const name of readdirSync(folder)) chownSync(join(folder, name), user.uid, user.gid);
  }
}
