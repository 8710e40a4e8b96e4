/** What callers of the REST API send: bodies against their schemas, and whole calls against the real routes. */
import { afterAll, beforeAll, expect } from '@jest/globals';

import { AppError, ERROR_CODES, isCode } from '@longshore/base';
import { changePolicy } from '@longshore/server/api/schemas/policies';
import { changePool, createPool } from '@longshore/server/api/schemas/pools';
import { cancelTask, createTask, didNotRun } from '@longshore/server/api/schemas/tasks';
import { createApiKey, createToken } from '@longshore/server/api/schemas/trust';
import { upgradeWorkers } from '@longshore/server/api/schemas/upgrades';
import { addWorker, changeWorker } from '@longshore/server/api/schemas/workers';
import { check } from '@longshore/server/api/validation';

import { openApiStage, SPACE, type ApiStage } from '../../integration/api-stage.ts';
import { corpusFile, corpusOf, fuzzEach, type FuzzTarget } from './target.ts';

const SCHEMAS = {
  addWorker,
  cancelTask,
  changePolicy,
  changePool,
  changeWorker,
  createApiKey,
  createPool,
  createTask,
  createToken,
  didNotRun,
  upgradeWorkers,
};
/** Fields whose values are never repeated, whatever is wrong with them. */
const SECRET_FIELDS = [
  ...['pairing', 'body', 'arguments', 'environment', 'value', 'contentBase64', 'labels', 'healthCheckScript'],
  ...['script', 'variables', 'files'],
];
const LONGEST_ANSWER_CHARACTERS = 20_000;

/** What stands where a secret may not be repeated is left out, with all below it. */
function publicPart(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(publicPart);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, each]) => [
    key,
    SECRET_FIELDS.includes(key) ? '' : publicPart(each),
  ]);
}

function parsed(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString());
  } catch {
    throw new AppError('invalid', 'it is not JSON');
  }
}

const ofSchemas = Object.entries(SCHEMAS).map(([name, schema]): FuzzTarget => ({
  name: `bodies: ${name}`,
  corpus: [corpusFile(`rest/${name}.json`)],
  json: true,
  words: ['"hunter2"', ...Object.keys(schema.shape).map((key) => `"${key}":`)],
  cost: 3,
  read(input) {
    const body = parsed(input);
    try {
      // What is taken is taken again, and stays as it is.
      const taken: unknown = check(schema as typeof createPool, body);
      expect(check(schema as typeof createPool, taken)).toEqual(taken);
    } catch (thrown) {
      if (!isCode(thrown, 'invalid')) throw thrown;
      expect(thrown.fields.length).toBeGreaterThan(0);
      for (const { field, expected } of thrown.fields) {
        expect(expected).not.toBe('');
        expect(thrown.message).toContain(field);
      }
      const said = thrown.message + JSON.stringify(thrown.fields);
      expect(said.length).toBeLessThan(LONGEST_ANSWER_CHARACTERS);
      if (said.includes('hunter2')) expect(JSON.stringify(publicPart(body))).toContain('hunter2');
      throw thrown;
    }
  },
}));

let stage: ApiStage;
let taskId = '';
beforeAll(async () => {
  stage = await openApiStage();
  const task = await stage.call<{ id: string }>('POST', '/tasks', { script: { body: 'x' } });
  taskId = task.body.id;
  // Ended, so that its stream ends too.
  await stage.call('POST', `/tasks/${taskId}/cancel`);
}, 60_000);
afterAll(() => stage.close());

interface Call {
  method?: unknown;
  path?: unknown;
  body?: unknown;
  lastEventId?: unknown;
}

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE', 'PUT'] as const;

/** A text that can stand in a header, or in a URL. */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return encodeURI(text.toWellFormed()).replaceAll('%25', '%');
}

async function call({ method, path, body, lastEventId }: Call): Promise<{ status: number; text: string }> {
  const known = METHODS.find((each) => each === method) ?? 'POST';
  const answer = await stage.api.inject({
    method: known,
    url: `${SPACE}/${plain(path).replaceAll('TASK', taskId).replace(/^\/+/, '')}`,
    headers: {
      authorization: `Bearer ${stage.key}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': plain(lastEventId) }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.statusCode, text: answer.payload };
}

const calls: FuzzTarget = {
  name: 'calls',
  corpus: corpusOf('calls'),
  json: true,
  words: ['TASK', '..%2f', '%00', '?limit=', '&limit=', '?from=', '%', '/'],
  cost: 10,
  async read(input) {
    const wanted = parsed(input);
    const { status, text } = await call(typeof wanted === 'object' && wanted !== null ? wanted : {});
    if (status < 300) return `${status}`;
    expect(text.length).toBeLessThan(LONGEST_ANSWER_CHARACTERS);
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    expect([status, error]).toEqual([
      status,
      expect.objectContaining({ message: expect.stringMatching(/./) }),
    ]);
    expect(ERROR_CODES.filter((code) => code !== 'bug' && code !== 'corrupt')).toContain(error.code);
    expect(status).toBeLessThan(500);
    throw new AppError('invalid', error.message);
  },
};

fuzzEach([...ofSchemas, calls]);
