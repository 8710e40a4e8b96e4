import { describe } from '@jest/globals';

import { serverKilled } from './server-killed.ts';

describe('the server on SQLite is killed', () => serverKilled('sqlite'));
