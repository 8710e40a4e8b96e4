/**
 * How much JSON makes of itself, counted before it is parsed: a few bytes may
 * stand for an object, so that a body within its limit could be gigabytes in
 * memory, and what checks it against a schema would run for minutes.
 */
import { AppError } from '@longshore/base';

import { JSON_DEPTH, JSON_VALUES } from '../limits.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** @throws AppError `tooLarge` when it has more values than JSON_VALUES, or is deeper than JSON_DEPTH */
export function checkJsonShape(json: Buffer): void {
  let values = 0;
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case QUOTE:
        at = endOfString(json, at + 1);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        values += 1;
        depth += 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case COMMA:
      case COLON:
        values += 1;
        break;
      default:
    }
    if (values > JSON_VALUES) throw new AppError('tooLarge', `The body has more than ${JSON_VALUES} values`);
    if (depth > JSON_DEPTH)
      throw new AppError('tooLarge', `The body has lists and objects more than ${JSON_DEPTH} deep`);
  }
}

/** Where the quote stands that ends it, or the end of all. */
function endOfString(json: Buffer, start: number): number {
  for (let from = start; ;) {
    const quote = json.indexOf(QUOTE, from);
    if (quote < 0) return json.length;
    let slashes = 0;
    while (quote - 1 - slashes >= from && json[quote - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote;
    from = quote + 1;
  }
}
