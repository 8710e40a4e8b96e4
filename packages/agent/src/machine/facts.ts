/**
 * What this machine is and has, as servers are told. Known at once at a start
 * (names of tools by a look at the PATH, their versions from what was found
 * last time, kept in `<dataDir>/facts.json`); looked up again in the
 * background, and servers hear of what changed.
 */
import { readFileSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

import { toError, type Clock, type Logger } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';
import type { MachineFacts } from '@longshore/protocol/gen/longshore/link/v1/link';

import type { Facts } from '../engine/facts.ts';
import { FACTS_FIRST_LOOK_MS, FACTS_INTERVAL_MS, FREE_DISK_CHANGE_SHARE } from '../limits.ts';
import { findTools, versionOf, type FoundTool } from './tools.ts';

export interface MachineOptions {
  dataDir: string;
  /** Whether attempts get a cgroup of their own: the script host's word. */
  cgroups: () => boolean;
  clock: Clock;
  logger: Logger;
  /** For tests. */
  tools?: { find: () => FoundTool[]; version: (tool: FoundTool, signal: AbortSignal) => Promise<string> };
}

/** Versions by the tool's stamp. */
type Versions = Record<string, string>;

export class Machine implements Facts {
  readonly #options: MachineOptions;
  readonly #listeners = new Set<(facts: MachineFacts) => void>();
  readonly #stops: (() => void)[];
  readonly #file: string;
  readonly #tools: NonNullable<MachineOptions['tools']>;
  #versions: Versions;
  #facts: MachineFacts;
  #looking: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#tools = options.tools ?? { find: findTools, version: versionOf };
    this.#file = join(options.dataDir, 'facts.json');
    this.#versions = readVersions(this.#file);
    this.#facts = this.#look(this.#tools.find());
    const again = (): void => {
      this.#looking = this.#looking.then(() => this.refresh());
    };
    this.#stops = [
      options.clock.after(FACTS_FIRST_LOOK_MS, again),
      options.clock.every(FACTS_INTERVAL_MS, again),
    ];
  }

  current(): MachineFacts {
    return this.#facts;
  }

  changed(listener: (facts: MachineFacts) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks again; versions that are not known yet are asked for, one tool after another. Never rejects. */
  async refresh(): Promise<void> {
    const { signal } = this.#closing;
    try {
      const tools = this.#tools.find();
      const known: Versions = {};
      for (const tool of tools) {
        if (signal.aborted) return;
        known[tool.stamp] = this.#versions[tool.stamp] ?? (await this.#tools.version(tool, signal));
      }
      // What was asked last may not have had its time to answer.
      if (signal.aborted) return;
      if (JSON.stringify(known) !== JSON.stringify(this.#versions)) {
        this.#versions = known;
        writeFileSync(`${this.#file}.new`, JSON.stringify(known), { mode: 0o600 });
        renameSync(`${this.#file}.new`, this.#file);
      }
      const found = this.#look(tools);
      const changed = differ(this.#facts, found);
      this.#facts = found;
      if (changed) for (const listener of this.#listeners) listener(found);
    } catch (thrown) {
      this.#options.logger.warn('looking at the machine failed', { error: toError(thrown) });
    }
  }

  /** Breaks off a look that is under way, and resolves when it has ended: a tool that hangs is ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const stop of this.#stops.splice(0)) stop();
    this.#listeners.clear();
    await this.#looking;
  }

  #look(tools: FoundTool[]): MachineFacts {
    const { dataDir, cgroups } = this.#options;
    const disk = statfsSync(dataDir);
    return {
      hostname: hostname(),
      os: `${type()} ${release()}`,
      architecture: arch(),
      processors: cpus().length,
      memoryBytes: totalmem(),
      freeDiskBytes: disk.bavail * disk.bsize,
      tools: tools.map(({ name, stamp }) => ({ name, version: this.#versions[stamp] ?? '' })),
      cgroups: cgroups(),
    };
  }
}

/** Free disk changes all the time: only by much counts. */
function differ(before: MachineFacts, after: MachineFacts): boolean {
  const steady = (facts: MachineFacts): string => JSON.stringify({ ...facts, freeDiskBytes: 0 });
  if (steady(before) !== steady(after)) return true;
  return Math.abs(before.freeDiskBytes - after.freeDiskBytes) > before.freeDiskBytes * FREE_DISK_CHANGE_SHARE;
}

const VERSIONS: Shape<Versions> = shape.map(shape.text);

/** A cache: what can't be read is found again. */
export function readVersions(file: string): Versions {
  try {
    return readJson(readFileSync(file, 'utf8'), VERSIONS, file);
  } catch {
    return {};
  }
}
