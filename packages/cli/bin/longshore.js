#!/usr/bin/env node
import { start } from '../../base/bin/start.js';

await start(new URL('../dist/main.js', import.meta.url), { keepCompiled: true });
