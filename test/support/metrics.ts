/** A server's figures, as `/metrics` tells them. */
export class MetricsProbe {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /** Sums over labels unless some are named, as `reason="tooMany"`. */
  async value(name: string, label = ''): Promise<number> {
    return valueIn(await this.#page(), name, label);
  }

  /** Looks again and again, and keeps the largest value of each until it is stopped. */
  watch(
    names: readonly string[],
    everyMs: number,
  ): { largest: ReadonlyMap<string, number>; stop(): Promise<void> } {
    const largest = new Map<string, number>();
    const stopping = new AbortController();
    const { signal } = stopping;
    const watching = (async () => {
      while (!signal.aborted) {
        // A server that is down, or busy, is asked again.
        const page = await this.#page().catch(() => '');
        for (const name of names) {
          if (page !== '') largest.set(name, Math.max(largest.get(name) ?? 0, valueIn(page, name, '')));
        }
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    })();
    const stop = async (): Promise<void> => {
      stopping.abort();
      await watching;
    };
    return { largest, stop };
  }

  async #page(): Promise<string> {
    const answer = await fetch(`${this.#url}/metrics`, { headers: { authorization: `Bearer ${this.#key}` } });
    if (!answer.ok) throw new Error(`GET /metrics: ${answer.status}`);
    return answer.text();
  }
}

function valueIn(page: string, name: string, label: string): number {
  let sum = 0;
  for (const line of page.split('\n')) {
    const match = /^(\w+)(\{[^}]*\})? (\S+)$/.exec(line);
    if (match?.[1] === `longshore_${name}` && (match[2] ?? '').includes(label)) sum += Number(match[3]);
  }
  return sum;
}
