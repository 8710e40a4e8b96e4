/**
 * Bodies of requests: read as they come, within the room that there is for
 * all and for the caller's key, and looked at before they are parsed.
 */
import { AppError, toError } from '@longshore/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

import { BODIES_BYTES, BODIES_OF_A_KEY_BYTES, LARGEST_REQUEST_BYTES, REQUESTS_WAITING } from '../limits.ts';
import { callerOf, type ApiApp } from './app.ts';
import { checkJsonShape } from './json-shape.ts';
import { Room } from './room.ts';

const JSON_TYPE = 'application/json';

export function readBodies(app: ApiApp): void {
  const room = new Room({ total: BODIES_BYTES, ofAKey: BODIES_OF_A_KEY_BYTES, waiting: REQUESTS_WAITING });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.decorateRequest('releaseBody', null);
  app.removeContentTypeParser('text/plain');
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (request.headers['content-type']?.startsWith(JSON_TYPE) !== true) {
      done(null, payload);
      return;
    }
    takeRoom(request, reply, room).then(
      () => done(null, payload),
      (thrown: unknown) => done(toError(thrown)),
    );
  });
  app.addContentTypeParser(JSON_TYPE, (request: FastifyRequest, payload: IncomingMessage, done) => {
    readJson(payload).then(
      (text) => void parse(request, text, done),
      (thrown: unknown) => done(toError(thrown)),
    );
  });
}

/**
 * It is held to the answer's end, for the body is in memory until then; where a stream follows (stream.ts) it is
 * given back before.
 *
 * @throws AppError `tooLarge`, `tooMany`
 */
async function takeRoom(request: FastifyRequest, { raw }: FastifyReply, room: Room): Promise<void> {
  const length = Number(request.headers['content-length'] ?? LARGEST_REQUEST_BYTES);
  if (length > LARGEST_REQUEST_BYTES) throw tooLarge();
  const gone = new AbortController();
  const leave = (): void => {
    gone.abort();
    request.releaseBody?.();
  };
  raw.once('close', leave);
  request.releaseBody = await room.take(callerOf(request).keyId, length, gone.signal);
  if (gone.signal.aborted) request.releaseBody();
}

/** @throws AppError `tooLarge`, or `invalid` when it is not UTF-8 */
async function readJson(payload: IncomingMessage): Promise<string> {
  const bytes = await allOf(payload);
  // What is not would be replaced without a word: another script than the one that was sent.
  if (!isUtf8(bytes)) throw new AppError('invalid', 'The body is not UTF-8');
  checkJsonShape(bytes);
  return bytes.toString();
}

/** Unlike an iterator it leaves the connection when it stops: the answer goes out there. */
function allOf(payload: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    payload.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= LARGEST_REQUEST_BYTES) parts.push(part);
      else {
        parts.length = 0;
        reject(tooLarge());
      }
    });
    payload.once('end', () => resolve(Buffer.concat(parts, length)));
    payload.once('error', reject);
    payload.once('close', () => reject(new AppError('cancelled', 'The caller went away')));
  });
}

function tooLarge(): AppError {
  return new AppError('tooLarge', 'The body of the request is too large');
}
