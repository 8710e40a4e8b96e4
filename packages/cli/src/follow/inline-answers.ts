/**
 * Questions of a run, asked where it is followed: one at a time, each once.
 * Whoever gives no answer leaves it to others, and the run goes on waiting.
 */
import { toError } from '@longshore/base';
import { createInterface, type Interface } from 'node:readline/promises';

import type { Interruption } from '../shapes.ts';
import { harmless, oneLine } from './output-lines.ts';

export interface Asking {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
  answer: (id: string, answer: string, notes: string) => Promise<unknown>;
  /** Nothing else is drawn in between. */
  began: () => void;
  over: () => void;
}

export class InlineAnswers {
  readonly #asking: Asking;
  readonly #asked = new Set<string>();
  #waiting: Interruption[] = [];
  #now: { id: string; withdraw: AbortController } | undefined;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** Of each event about a question. */
  heard(question: Interruption): void {
    if (question.endedAt !== null) {
      this.#waiting = this.#waiting.filter(({ id }) => id !== question.id);
      if (this.#now?.id === question.id) this.#now.withdraw.abort();
      return;
    }
    if (this.#asked.has(question.id)) return;
    this.#asked.add(question.id);
    this.#waiting.push(question);
    void this.#askAll();
  }

  /** The run is over, or left. */
  close(): void {
    this.#waiting = [];
    this.#now?.withdraw.abort();
  }

  async #askAll(): Promise<void> {
    if (this.#now !== undefined) return;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const withdraw = new AbortController();
      this.#now = { id: next.id, withdraw };
      this.#asking.began();
      try {
        await this.#ask(next, withdraw.signal);
      } catch (thrown) {
        this.#say(
          withdraw.signal.aborted ? 'It needs no answer any more.' : `longshore: ${toError(thrown).message}`,
        );
      } finally {
        this.#now = undefined;
        this.#asking.over();
      }
    }
  }

  async #ask(question: Interruption, signal: AbortSignal): Promise<void> {
    const { id, title, instructions, responsible, options } = question;
    this.#say(`\n${oneLine(title)}${responsible === '' ? '' : ` (for ${oneLine(responsible)})`}`);
    for (const line of instructions === '' ? [] : instructions.split('\n')) this.#say(`  ${harmless(line)}`);
    const { input, output } = this.#asking;
    const prompt = createInterface({ input, output });
    // In raw mode Ctrl-C comes as a key: whoever heeds the signal hears of it all the same.
    prompt.on('SIGINT', () => process.emit('SIGINT'));
    try {
      const answer = await chosen(prompt, options, signal);
      if (answer === '') {
        this.#say(`Left open: "longshore intervention answer ${id} ${options[0] ?? 'ANSWER'}" answers it.`);
        return;
      }
      const notes = await prompt.question('Notes (may be empty): ', { signal });
      await this.#asking.answer(id, answer, notes.trim());
    } finally {
      prompt.close();
    }
  }

  #say(line: string): void {
    this.#asking.output.write(`${line}\n`);
  }
}

/** One of the options, by its name or what it begins with; empty: none. */
async function chosen(prompt: Interface, options: readonly string[], signal: AbortSignal): Promise<string> {
  for (;;) {
    const said = (await prompt.question(`${options.join(' / ')}, or Enter to leave it open: `, { signal }))
      .trim()
      .toLowerCase();
    const found = said === '' ? [''] : options.filter((option) => option.startsWith(said));
    if (found.length === 1) return found[0] ?? '';
  }
}
