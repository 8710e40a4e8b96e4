/**
 * Keeps the memory for new objects small while the server starts: loading code
 * makes some 10 MB of garbage that V8 would otherwise keep room for, for good.
 * Under load it may grow again, for then room is speed. Imported first.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');

/** V8's own default from now on. */
export function letYoungGenerationGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
