#!/usr/bin/env node
import { start } from '../../base/bin/start.js';

// Compiling anew would cost memory that V8 does not give back, and time.
await start(new URL('../dist/main.js', import.meta.url), { keepCompiled: true });
