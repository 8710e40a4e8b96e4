import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';

import { body, connectApi, content, errorOf } from './client.ts';

describe('an error answer', () => {
  test('is told as the server said it', () => {
    const text = JSON.stringify({
      error: { code: 'conflict', message: 'no', fields: [{ field: 'a', expected: 'b' }], detail: { c: 1 } },
    });
    expect(errorOf(409, text, 's')).toMatchObject({
      ...{ code: 'conflict', message: 'no', detail: { c: 1 } },
      fields: [{ field: 'a', expected: 'b' }],
    });
    expect(errorOf(500, '{"error":{"code":"newer","message":"no"}}', 's')).toMatchObject({
      code: 'unavailable',
    });
  });

  test.each([
    'not JSON',
    'null',
    '{"error":null}',
    '{"error":{}}',
    '{"error":{"code":"invalid","message":7}}',
    '{"error":{"code":"invalid","message":"m","fields":7}}',
    '{"error":{"code":"invalid","message":"m","fields":[null]}}',
    '{"error":{"code":"invalid","message":"m","detail":"abc"}}',
  ])('of something in between is told as it stands: %j', (text) => {
    expect(errorOf(502, text, 'http://s')).toMatchObject({
      ...{ code: 'unavailable', message: `http://s answered 502: ${text}`, fields: [], detail: {} },
    });
  });
});

test('an answer without a byte is a stream that ends', async () => {
  const parts: Uint8Array[] = [];
  for await (const part of await content(Promise.resolve({ data: undefined }))) parts.push(part);
  expect(parts).toEqual([]);
});

describe('something else than a Longshore server', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());

  const pools = async (type: string, text: string): Promise<unknown> => {
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': type, connection: 'close' }).end(text);
    });
    await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const api = connectApi({ server: url, apiKey: 'k', space: 'default' });
    return body(api.GET('/api/v1/spaces/{space}/pools', { params: { path: { space: 'default' } } }));
  };

  test('is said to be none', async () => {
    await expect(pools('text/html', '<html>')).rejects.toMatchObject({
      ...{ code: 'invalid', message: expect.stringContaining('it is no Longshore server') },
    });
  });

  test('an answer that is cut off is an error of ours', async () => {
    await expect(pools('application/json', '{"items": [')).rejects.toMatchObject({ code: 'corrupt' });
    expect(await pools('application/json; charset=utf-8', '{"items":[]}')).toEqual({ items: [] });
  });
});
