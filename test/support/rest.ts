/** The REST API as a test uses it: bare, so that what is on the wire is what is tested. */
import { until } from './until.ts';

export interface TaskBody {
  id: string;
  name: string;
  state: string;
  message: string;
  waitReason: string;
  /** The server node that owns it. */
  nodeId: string | null;
}

export interface AttemptBody {
  id: string;
  workerName: string;
  state: string;
  complete: boolean;
  bestEffortCleanup: boolean;
  outcome: { kind: string; code?: number; name?: string; detail?: string } | null;
  outputLength: number;
  digest: string;
}

export const ENDED: readonly string[] = ['success', 'failed', 'cancelled', 'timedOut'];

export class RestClient {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async get<T>(path: string): Promise<T> {
    return this.#json('GET', path);
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#json('POST', path, body);
  }

  async patch<T>(path: string, body: unknown): Promise<T> {
    return this.#json('PATCH', path, body);
  }

  /** A call whatever its answer is. */
  async call(method: string, path: string, body?: unknown): Promise<Response> {
    const url = path.startsWith('/api/')
      ? `${this.#url}${path}`
      : `${this.#url}/api/v1/spaces/default${path}`;
    return fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async bytes(path: string): Promise<Buffer> {
    const answer = await this.call('GET', path);
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  async script(body: string, more: { script?: object } & Record<string, unknown> = {}): Promise<TaskBody> {
    const { script, ...rest } = more;
    return this.post('/tasks', { ...rest, script: { body, ...script } });
  }

  async task(taskId: string): Promise<TaskBody> {
    return this.get(`/tasks/${taskId}`);
  }

  async attempts(taskId: string): Promise<AttemptBody[]> {
    return (await this.get<{ items: AttemptBody[] }>(`/tasks/${taskId}/attempts`)).items;
  }

  async inState(
    taskId: string,
    states: readonly string[],
    options: { timeoutMs?: number } = {},
  ): Promise<TaskBody> {
    let last = '';
    return until(
      `task ${taskId} is ${states.join(' or ')}`,
      async () => {
        const task = await this.task(taskId);
        last = task.state;
        return states.includes(last) ? task : undefined;
      },
      options,
    ).catch((thrown: unknown) => {
      throw new Error(`it is ${last}`, { cause: thrown });
    });
  }

  /** Its last state and its only attempt, once all of it is stored. */
  async ended(
    taskId: string,
    options: { timeoutMs?: number } = {},
  ): Promise<{ task: TaskBody; attempt: AttemptBody }> {
    const task = await this.inState(taskId, ENDED, options);
    const attempt = await until(
      `the attempt of ${taskId} is complete`,
      async () => (await this.attempts(taskId)).find(({ complete }) => complete),
      options,
    );
    return { task, attempt };
  }

  /** The attempt whose stored output has come to hold a text. */
  async outputHas(taskId: string, text: string): Promise<AttemptBody> {
    return until(`the output of ${taskId} has ${JSON.stringify(text)}`, async () => {
      const [attempt] = await this.attempts(taskId);
      if (attempt === undefined) return undefined;
      return (await this.bytes(`/attempts/${attempt.id}/output?stream=stdout`)).includes(text)
        ? attempt
        : undefined;
    });
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}
