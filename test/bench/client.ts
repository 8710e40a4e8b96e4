/**
 * A bare client of the REST API, as thin as a client can be, so that the
 * figures are the product's: one keep-alive pool, one request that submits a
 * task and follows it to its end.
 */
import http from 'node:http';

export interface StreamEvent {
  event: string;
  data: Record<string, unknown>;
}

export class BenchClient {
  readonly #base: URL;
  readonly #key: string;
  readonly #agent: http.Agent;

  constructor(url: string, key: string, connections: number) {
    this.#base = new URL(url);
    this.#key = key;
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Submits and follows; resolves with the `end` event's data when the outcome is known here. */
  async run(task: unknown, onEvent?: (event: StreamEvent) => void): Promise<Record<string, unknown>> {
    return this.#followed(await this.#request('POST', '/tasks', task, 'text/event-stream'), onEvent);
  }

  /** Follows a task that is there; as `run`. */
  async follow(taskId: string): Promise<Record<string, unknown>> {
    return this.#followed(
      await this.#request('GET', `/tasks/${taskId}/stream`, undefined, 'text/event-stream'),
    );
  }

  async #followed(
    response: http.IncomingMessage,
    onEvent?: (event: StreamEvent) => void,
  ): Promise<Record<string, unknown>> {
    let ended: Record<string, unknown> | undefined;
    let rest = '';
    response.setEncoding('latin1');
    for await (const chunk of response as AsyncIterable<string>) {
      rest += chunk;
      for (let at = rest.indexOf('\n\n'); at >= 0; at = rest.indexOf('\n\n')) {
        const event = parseEvent(rest.slice(0, at));
        rest = rest.slice(at + 2);
        if (event === undefined) continue;
        onEvent?.(event);
        if (event.event === 'end') ended = event.data;
      }
    }
    if (ended === undefined) throw new Error(`the stream ended before the task did: ${rest.slice(0, 500)}`);
    return ended;
  }

  async json(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await this.#request(method, path, body, 'application/json');
    const parts: Buffer[] = [];
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
  }

  async bytes(path: string, onBytes: (bytes: Buffer) => void): Promise<void> {
    const response = await this.#request('GET', path, undefined, 'application/octet-stream');
    for await (const part of response as AsyncIterable<Buffer>) onBytes(part);
  }

  #request(method: string, path: string, body: unknown, accept: string): Promise<http.IncomingMessage> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          agent: this.#agent,
          host: this.#base.hostname,
          port: this.#base.port,
          method,
          path: `/api/v1/spaces/default${path}`,
          headers: {
            authorization: `Bearer ${this.#key}`,
            accept,
            ...(payload === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          },
        },
        (response) => {
          if ((response.statusCode ?? 500) < 300) {
            resolve(response);
            return;
          }
          response.setEncoding('utf8');
          let text = '';
          response.on('data', (part: string) => (text += part));
          response.on('end', () =>
            reject(new Error(`${method} ${path}: ${response.statusCode ?? 0} ${text}`)),
          );
        },
      );
      request.on('error', reject);
      request.end(payload);
    });
  }
}

function parseEvent(text: string): StreamEvent | undefined {
  let event = 'message';
  let data = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data += line.slice(5).trim();
  }
  return data === '' ? undefined : { event, data: JSON.parse(data) as Record<string, unknown> };
}
