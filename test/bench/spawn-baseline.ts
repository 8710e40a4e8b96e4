import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The machine's own limit (spawn-limit.ts), as a process beside the bench. */
export class SpawnBaseline {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(script: string) {
    const child = spawn(process.execPath, [new URL('spawn-limit.ts', import.meta.url).pathname, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds of each of `count` spawns, one after another. */
  async each(count: number): Promise<number[]> {
    return (await this.#ask(count, 0)).each;
  }

  /** Spawns a second, `width` at once. */
  async rate(count: number, width: number): Promise<number> {
    return count / (await this.#ask(count, width)).seconds;
  }

  close(): void {
    this.#child.stdin?.end();
  }

  async #ask(count: number, width: number): Promise<{ each: number[]; seconds: number }> {
    this.#child.stdin?.write(JSON.stringify({ count, width }) + '\n');
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('the spawn baseline ended');
    return JSON.parse(answer.value) as { each: number[]; seconds: number };
  }
}
