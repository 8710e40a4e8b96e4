import { toError } from './errors.ts';

type Release = () => void | Promise<void>;

/**
 * What was acquired, given back in reverse order. Releases everything even
 * when some of it fails, and works after a half-failed start: add each thing
 * as soon as it is held.
 */
export class Scope implements AsyncDisposable {
  readonly #releases: { what: string; release: Release }[] = [];
  #closing: Promise<void> | undefined;

  /** Adds what gives `what` back. On a closed scope it is given back at once. */
  add(what: string, release: Release): void {
    if (this.#closing !== undefined) void Promise.resolve(release());
    else this.#releases.push({ what, release });
  }

  /** Adds a disposable and hands it on. */
  use<T extends AsyncDisposable>(what: string, value: T): T {
    this.add(what, async () => value[Symbol.asyncDispose]());
    return value;
  }

  /**
   * Idempotent.
   *
   * @throws AggregateError of all failed releases, after all were tried.
   */
  close(): Promise<void> {
    this.#closing ??= this.#releaseAll();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #releaseAll(): Promise<void> {
    const failures: Error[] = [];
    for (let held = this.#releases.pop(); held !== undefined; held = this.#releases.pop()) {
      try {
        await held.release();
      } catch (thrown) {
        failures.push(new Error(`releasing ${held.what}`, { cause: toError(thrown) }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be released');
  }
}
