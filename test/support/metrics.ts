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
