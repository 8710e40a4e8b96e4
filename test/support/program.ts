/**
 * Longshore's programs as real processes: the bundles as they are shipped, or
 * with LONGSHORE_TEST_SOURCES=1 the sources, without a build.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DIRECT, type Passage } from './passage.ts';
import { isAlive } from './proc.ts';
import { until } from './until.ts';

export type ProgramName = 'server' | 'agent' | 'cli';

export function commandOf(program: ProgramName, { root } = DIRECT): string[] {
  if (process.env.LONGSHORE_TEST_SOURCES === '1') {
    return [
      '--conditions=longshore-source',
      '--disable-warning=ExperimentalWarning',
      join(root, 'packages', program, 'src/main.ts'),
    ];
  }
  const bundle = join(
    root,
    'packages',
    program,
    'bin',
    program === 'cli' ? 'longshore.js' : `longshore-${program}.js`,
  );
  if (!existsSync(join(DIRECT.root, 'packages', program, 'dist/main.js')))
    throw new Error(`${program} is not built: run npm run build`);
  return [bundle];
}

export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: string;
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  input?: string | Buffer;
}

/** A command under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  /** What it has written so far. */
  stdout(): Buffer;
  stderr(): string;
}

/** The environment of a user who has set nothing of ours. */
function cleanEnvironment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LONGSHORE_|NODE_OPTIONS|JEST_|FORCE_COLOR)/.test(name),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...env };
}

export function startProgram(program: ProgramName, args: string[], { env, input }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [...commandOf(program), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cleanEnvironment(env),
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => err.push(part));
  child.stdin.on('error', () => undefined).end(input);
  const ended = new Promise<Ran>((resolve, reject) => {
    child
      .once('error', reject)
      .once('close', (code, signal) =>
        resolve({ code, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
      );
  });
  return { child, ended, stdout: () => Buffer.concat(out), stderr: () => Buffer.concat(err).toString() };
}

/** A daemon with its log in a file. */
export class Daemon {
  readonly #program: ProgramName;
  readonly #args: string[];
  readonly #logFile: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #passage: Passage;
  #child: ChildProcess | undefined;

  constructor(
    program: ProgramName,
    {
      args,
      logFile,
      env = {},
      passage = DIRECT,
    }: { args: string[]; logFile: string; env?: NodeJS.ProcessEnv; passage?: Passage },
  ) {
    this.#program = program;
    this.#args = args;
    this.#logFile = logFile;
    this.#env = env;
    this.#passage = passage;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that it has written, over all its lives. */
  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  start(): void {
    if (this.running) throw new Error(`${this.#program} is running already`);
    const passage = this.#passage;
    const program = [passage.node, ...commandOf(this.#program, passage), ...this.#args];
    const [command = '', ...args] = [...passage.command, ...program];
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(this.#env),
    });
    const log = createWriteStream(this.#logFile, { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('close', () => log.end());
    this.#child = child;
  }

  /** TERM, and the end of it; killed when it does not end. @returns whether it ended by itself */
  async stop({ withinMs = 20_000 } = {}): Promise<boolean> {
    if (!this.running) return true;
    this.#child?.kill('SIGTERM');
    try {
      await until(`${this.#program} has stopped`, () => !this.running, { timeoutMs: withinMs });
      return true;
    } catch {
      await this.kill();
      return false;
    }
  }

  /** As a crash: no chance to tidy up. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await until(`${this.#program} is gone`, () => !this.running && !isAlive(this.pid));
  }

  /** For a wait's condition: the end of a daemon ends the wait, with its log. */
  mustRun(): void {
    if (!this.running)
      throw new Error(
        `${this.#program} has ended (${this.#child?.signalCode ?? String(this.#child?.exitCode)}):\n${this.log().split('\n').slice(-30).join('\n')}`,
      );
  }
}
