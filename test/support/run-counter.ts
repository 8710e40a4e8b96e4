/**
 * Counts how often scripts were started. Each appends a line to a file of its
 * own as the first thing that it does, so a second start can't hide, wherever
 * it ran and whatever became of its output.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export class RunCounter {
  readonly #folder: string;
  readonly #names = new Set<string>();

  /** @param folder is made if need be; outlives the agents' data */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** A bash script that counts its start under this name, then does what `body` says. */
  counted(name: string, body: string): string {
    if (!/^[\w.-]+$/.test(name)) throw new Error(`${name} can't be a file's name`);
    this.#names.add(name);
    return `echo "started $$" >> '${this.#file(name)}'\n${body}`;
  }

  starts(name: string): number {
    const file = this.#file(name);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  }

  /** @throws Error that names each counted script that was not started exactly once */
  expectEachOnce(names: Iterable<string> = this.#names): void {
    const wrong = [...names]
      .map((name) => ({ name, starts: this.starts(name) }))
      .filter(({ starts }) => starts !== 1);
    if (wrong.length === 0) return;
    throw new Error(
      `not started exactly once: ${wrong.map(({ name, starts }) => `${name} (${starts} times)`).join(', ')}`,
    );
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.starts`);
  }
}
